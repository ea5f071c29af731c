(*

category:      Test
synopsis:      that of 00001 with another value expected at t = 1.5
componentTags: Compartment, Species, Reaction, Parameter
testTags:      Amount
testType:      TimeCourse
levels:        3.2
generatedBy:   Analytic
packagesPresent: 

*)
