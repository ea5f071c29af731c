(*

category:      Test
synopsis:      infinite values and one that is no number
componentTags: Parameter, AssignmentRule, RateRule
testTags:      
testType:      TimeCourse
levels:        3.2
generatedBy:   Analytic
packagesPresent: 

*)
