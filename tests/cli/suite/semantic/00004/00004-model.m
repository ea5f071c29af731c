(*

category:      Test
synopsis:      needs the package spatial
componentTags: Compartment, Species, Reaction, Parameter
testTags:      Amount
testType:      TimeCourse
levels:        3.2
generatedBy:   Analytic
packagesPresent: 

*)
