(*

category:      Test
synopsis:      its results lack a row
componentTags: Compartment, Species, Reaction, Parameter
testTags:      Amount
testType:      TimeCourse
levels:        3.2
generatedBy:   Analytic
packagesPresent: 

*)
