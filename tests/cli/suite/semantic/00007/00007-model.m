(*

category:      Test
synopsis:      3 in at most, 2 of S each: 6 out
componentTags: Compartment, Reaction, Species, fbc:FluxBound, fbc:Objective
testTags:      fbc:MaximizeObjective
testType:      FluxBalanceSteadyState
levels:        3.2
generatedBy:   Analytic
packagesPresent: fbc, fbc_v1

*)
