(*

category:      Test
synopsis:      A -> B of first order: A = 5 exp(-t/2), B = 10 (1 - exp(-t/2))
componentTags: Compartment, Species, Reaction, Parameter
testTags:      Amount, Concentration
testType:      TimeCourse
levels:        3.2
generatedBy:   Analytic
packagesPresent: 

*)
