(*

category:      Test
synopsis:      x' = 1, back to 0 at 1: x is the fraction of t, n its whole part
componentTags: Parameter, RateRule,
               EventNoDelay
testTags:      InitialValueReassigned
testType:      TimeCourse
levels:        3.2
generatedBy:   Analytic
packagesPresent: 

*)
