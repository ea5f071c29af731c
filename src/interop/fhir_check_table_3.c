/* fhir_check_table_3.c - made by tools/fhir-table from the JSON schema of FHIR R4 (HL7, CC0);
 * its form is told there. */
#include "interop/fhir_check_table.h"

/* clang-format off */
const char *const gm__fhir_type_rows_3[] = {
  "MolecularSequence_StructureVariant:Backbone variantType=CodeableConcept exact=boolean "
  "length=integer outer=MolecularSequence_Outer inner=MolecularSequence_Inner",
  "MolecularSequence_Outer:Backbone start=integer end=integer",
  "MolecularSequence_Inner:Backbone start=integer end=integer",
  "NamingSystem:Domain name=string! status=#59! kind=#42! date=dateTime! publisher=string "
  "contact=ContactDetail* responsible=string type=CodeableConcept description=markdown "
  "useContext=UsageContext* jurisdiction=CodeableConcept* usage=string "
  "uniqueId=NamingSystem_UniqueId+",
  "NamingSystem_UniqueId:Backbone type=#116! value=string! preferred=boolean comment=string "
  "period=Period",
  "NutritionOrder:Domain identifier=Identifier* instantiatesCanonical=canonical* "
  "instantiatesUri=uri* instantiates=uri* status=code! intent=code! patient=Reference! "
  "encounter=Reference dateTime=dateTime! orderer=Reference allergyIntolerance=Reference* "
  "foodPreferenceModifier=CodeableConcept* excludeFoodModifier=CodeableConcept* "
  "oralDiet=NutritionOrder_OralDiet supplement=NutritionOrder_Supplement* "
  "enteralFormula=NutritionOrder_EnteralFormula note=Annotation*",
  "NutritionOrder_OralDiet:Backbone type=CodeableConcept* schedule=Timing* "
  "nutrient=NutritionOrder_Nutrient* texture=NutritionOrder_Texture* "
  "fluidConsistencyType=CodeableConcept* instruction=string",
  "NutritionOrder_Nutrient:Backbone modifier=CodeableConcept amount=Quantity",
  "NutritionOrder_Texture:Backbone modifier=CodeableConcept foodType=CodeableConcept",
  "NutritionOrder_Supplement:Backbone type=CodeableConcept productName=string schedule=Timing* "
  "quantity=Quantity instruction=string",
  "NutritionOrder_EnteralFormula:Backbone baseFormulaType=CodeableConcept "
  "baseFormulaProductName=string additiveType=CodeableConcept additiveProductName=string "
  "caloricDensity=Quantity routeofAdministration=CodeableConcept "
  "administration=NutritionOrder_Administration* maxVolumeToDeliver=Quantity "
  "administrationInstruction=string",
  "NutritionOrder_Administration:Backbone schedule=Timing quantity=Quantity rate=[Quantity|"
  "Ratio]",
  "Observation:Domain identifier=Identifier* basedOn=Reference* partOf=Reference* status=#149! "
  "category=CodeableConcept* code=CodeableConcept! subject=Reference focus=Reference* "
  "encounter=Reference effective=[dateTime|Period|Timing|instant] issued=instant "
  "performer=Reference* value=[Quantity|CodeableConcept|string|boolean|integer|Range|Ratio|"
  "SampledData|time|dateTime|Period] dataAbsentReason=CodeableConcept "
  "interpretation=CodeableConcept* note=Annotation* bodySite=CodeableConcept "
  "method=CodeableConcept specimen=Reference device=Reference "
  "referenceRange=Observation_ReferenceRange* hasMember=Reference* derivedFrom=Reference* "
  "component=Observation_Component*",
  "Observation_ReferenceRange:Backbone low=Quantity high=Quantity type=CodeableConcept "
  "appliesTo=CodeableConcept* age=Range text=string",
  "Observation_Component:Backbone code=CodeableConcept! value=[Quantity|CodeableConcept|string|"
  "boolean|integer|Range|Ratio|SampledData|time|dateTime|Period] "
  "dataAbsentReason=CodeableConcept interpretation=CodeableConcept* "
  "referenceRange=Observation_ReferenceRange*",
  "ObservationDefinition:Domain category=CodeableConcept* code=CodeableConcept! "
  "identifier=Identifier* permittedDataType=#9* multipleResultsAllowed=boolean "
  "method=CodeableConcept preferredReportName=string "
  "quantitativeDetails=ObservationDefinition_QuantitativeDetails "
  "qualifiedInterval=ObservationDefinition_QualifiedInterval* validCodedValueSet=Reference "
  "normalCodedValueSet=Reference abnormalCodedValueSet=Reference "
  "criticalCodedValueSet=Reference",
  "ObservationDefinition_QuantitativeDetails:Backbone customaryUnit=CodeableConcept "
  "unit=CodeableConcept conversionFactor=decimal decimalPrecision=integer",
  "ObservationDefinition_QualifiedInterval:Backbone category=#146 range=Range "
  "context=CodeableConcept appliesTo=CodeableConcept* gender=#97 age=Range "
  "gestationalAge=Range condition=string",
  "OperationDefinition:Domain url=uri version=string name=string! title=string status=#59! "
  "kind=#120! experimental=boolean date=dateTime publisher=string contact=ContactDetail* "
  "description=markdown useContext=UsageContext* jurisdiction=CodeableConcept* "
  "purpose=markdown affectsState=boolean code=code! comment=markdown base=canonical "
  "resource=code* system=boolean! type=boolean! instance=boolean! inputProfile=canonical "
  "outputProfile=canonical parameter=OperationDefinition_Parameter* "
  "overload=OperationDefinition_Overload*",
  "OperationDefinition_Parameter:Backbone name=code! use=#85! min=integer! max=string! "
  "documentation=string type=code targetProfile=canonical* searchType=#115 "
  "binding=OperationDefinition_Binding referencedFrom=OperationDefinition_ReferencedFrom* "
  "part=OperationDefinition_Parameter*",
  "OperationDefinition_Binding:Backbone strength=#154! valueSet=canonical!",
  "OperationDefinition_ReferencedFrom:Backbone source=string! sourceId=string",
  "OperationDefinition_Overload:Backbone parameterName=string* comment=string",
  "OperationOutcome:Domain issue=OperationOutcome_Issue+",
  "OperationOutcome_Issue:Backbone severity=#72! code=#93! details=CodeableConcept "
  "diagnostics=string location=string* expression=string*",
  "Organization:Domain identifier=Identifier* active=boolean type=CodeableConcept* name=string "
  "alias=string* telecom=ContactPoint* address=Address* partOf=Reference "
  "contact=Organization_Contact* endpoint=Reference*",
  "Organization_Contact:Backbone purpose=CodeableConcept name=HumanName telecom=ContactPoint* "
  "address=Address",
  "OrganizationAffiliation:Domain identifier=Identifier* active=boolean period=Period "
  "organization=Reference participatingOrganization=Reference network=Reference* "
  "code=CodeableConcept* specialty=CodeableConcept* location=Reference* "
  "healthcareService=Reference* telecom=ContactPoint* endpoint=Reference*",
  "Parameters:Resource parameter=Parameters_Parameter*",
  "Parameters_Parameter:Backbone name=string! value=[*] resource=ResourceList "
  "part=Parameters_Parameter*",
  "Patient:Domain identifier=Identifier* active=boolean name=HumanName* telecom=ContactPoint* "
  "gender=#97 birthDate=date deceased=[boolean|dateTime] address=Address* "
  "maritalStatus=CodeableConcept multipleBirth=[boolean|integer] photo=Attachment* "
  "contact=Patient_Contact* communication=Patient_Communication* "
  "generalPractitioner=Reference* managingOrganization=Reference link=Patient_Link*",
  "Patient_Contact:Backbone relationship=CodeableConcept* name=HumanName telecom=ContactPoint* "
  "address=Address gender=#97 organization=Reference period=Period",
  "Patient_Communication:Backbone language=CodeableConcept! preferred=boolean",
  "Patient_Link:Backbone other=Reference! type=#151!",
  "PaymentNotice:Domain identifier=Identifier* status=code! request=Reference "
  "response=Reference created=dateTime! provider=Reference payment=Reference! paymentDate=date "
  "payee=Reference recipient=Reference! amount=Money! paymentStatus=CodeableConcept",
  "PaymentReconciliation:Domain identifier=Identifier* status=code! period=Period "
  "created=dateTime! paymentIssuer=Reference request=Reference requestor=Reference "
  "outcome=#144 disposition=string paymentDate=date! paymentAmount=Money! "
  "paymentIdentifier=Identifier detail=PaymentReconciliation_Detail* formCode=CodeableConcept "
  "processNote=PaymentReconciliation_ProcessNote*",
  "PaymentReconciliation_Detail:Backbone identifier=Identifier predecessor=Identifier "
  "type=CodeableConcept! request=Reference submitter=Reference response=Reference date=date "
  "responsible=Reference payee=Reference amount=Money",
  "PaymentReconciliation_ProcessNote:Backbone type=#56 text=string",
  "Person:Domain identifier=Identifier* name=HumanName* telecom=ContactPoint* gender=#97 "
  "birthDate=date address=Address* photo=Attachment managingOrganization=Reference "
  "active=boolean link=Person_Link*",
  "Person_Link:Backbone target=Reference! assurance=#94",
  "PlanDefinition:Domain url=uri identifier=Identifier* version=string name=string "
  "title=string subtitle=string type=CodeableConcept status=#59! experimental=boolean "
  "subject=[CodeableConcept|Reference] date=dateTime publisher=string contact=ContactDetail* "
  "description=markdown useContext=UsageContext* jurisdiction=CodeableConcept* "
  "purpose=markdown usage=string copyright=markdown approvalDate=date lastReviewDate=date "
  "effectivePeriod=Period topic=CodeableConcept* author=ContactDetail* editor=ContactDetail* "
  "reviewer=ContactDetail* endorser=ContactDetail* relatedArtifact=RelatedArtifact* "
  "library=canonical* goal=PlanDefinition_Goal* action=PlanDefinition_Action*",
  "PlanDefinition_Goal:Backbone category=CodeableConcept description=CodeableConcept! "
  "priority=CodeableConcept start=CodeableConcept addresses=CodeableConcept* "
  "documentation=RelatedArtifact* target=PlanDefinition_Target*",
  "PlanDefinition_Target:Backbone measure=CodeableConcept detail=[Quantity|Range|"
  "CodeableConcept] due=Duration",
  "PlanDefinition_Action:Backbone prefix=string title=string description=string "
  "textEquivalent=string priority=code code=CodeableConcept* reason=CodeableConcept* "
  "documentation=RelatedArtifact* goalId=id* subject=[CodeableConcept|Reference] "
  "trigger=TriggerDefinition* condition=PlanDefinition_Condition* input=DataRequirement* "
  "output=DataRequirement* relatedAction=PlanDefinition_RelatedAction* timing=[dateTime|Age|"
  "Period|Duration|Range|Timing] participant=PlanDefinition_Participant* type=CodeableConcept "
  "groupingBehavior=#180 selectionBehavior=#24 requiredBehavior=#104 precheckBehavior=#184 "
  "cardinalityBehavior=#162 definition=[canonical|uri] transform=canonical "
  "dynamicValue=PlanDefinition_DynamicValue* action=PlanDefinition_Action*",
  "PlanDefinition_Condition:Backbone kind=#25! expression=Expression",
  "PlanDefinition_RelatedAction:Backbone actionId=id! relationship=#34! offset=[Duration|Range]",
  "PlanDefinition_Participant:Backbone type=#125! role=CodeableConcept",
  "PlanDefinition_DynamicValue:Backbone path=string expression=Expression",
  "Practitioner:Domain identifier=Identifier* active=boolean name=HumanName* "
  "telecom=ContactPoint* address=Address* gender=#97 birthDate=date photo=Attachment* "
  "qualification=Practitioner_Qualification* communication=CodeableConcept*",
  "Practitioner_Qualification:Backbone identifier=Identifier* code=CodeableConcept! "
  "period=Period issuer=Reference",
  "PractitionerRole:Domain identifier=Identifier* active=boolean period=Period "
  "practitioner=Reference organization=Reference code=CodeableConcept* "
  "specialty=CodeableConcept* location=Reference* healthcareService=Reference* "
  "telecom=ContactPoint* availableTime=PractitionerRole_AvailableTime* "
  "notAvailable=PractitionerRole_NotAvailable* availabilityExceptions=string "
  "endpoint=Reference*",
  "PractitionerRole_AvailableTime:Backbone daysOfWeek=code* allDay=boolean "
  "availableStartTime=time availableEndTime=time",
  "PractitionerRole_NotAvailable:Backbone description=string! during=Period",
  "Procedure:Domain identifier=Identifier* instantiatesCanonical=canonical* "
  "instantiatesUri=uri* basedOn=Reference* partOf=Reference* status=code! "
  "statusReason=CodeableConcept category=CodeableConcept code=CodeableConcept "
  "subject=Reference! encounter=Reference performed=[dateTime|Period|string|Age|Range] "
  "recorder=Reference asserter=Reference performer=Procedure_Performer* location=Reference "
  "reasonCode=CodeableConcept* reasonReference=Reference* bodySite=CodeableConcept* "
  "outcome=CodeableConcept report=Reference* complication=CodeableConcept* "
  "complicationDetail=Reference* followUp=CodeableConcept* note=Annotation* "
  "focalDevice=Procedure_FocalDevice* usedReference=Reference* usedCode=CodeableConcept*",
  "Procedure_Performer:Backbone function=CodeableConcept actor=Reference! onBehalfOf=Reference",
  "Procedure_FocalDevice:Backbone action=CodeableConcept manipulated=Reference!",
  "Provenance:Domain target=Reference+ occurred=[Period|dateTime] recorded=instant! "
  "policy=uri* location=Reference reason=CodeableConcept* activity=CodeableConcept "
  "agent=Provenance_Agent+ entity=Provenance_Entity* signature=Signature*",
  "Provenance_Agent:Backbone type=CodeableConcept role=CodeableConcept* who=Reference! "
  "onBehalfOf=Reference",
  "Provenance_Entity:Backbone role=#53! what=Reference! agent=Provenance_Agent*",
  "Questionnaire:Domain url=uri identifier=Identifier* version=string name=string title=string "
  "derivedFrom=canonical* status=#59! experimental=boolean subjectType=code* date=dateTime "
  "publisher=string contact=ContactDetail* description=markdown useContext=UsageContext* "
  "jurisdiction=CodeableConcept* purpose=markdown copyright=markdown approvalDate=date "
  "lastReviewDate=date effectivePeriod=Period code=Coding* item=Questionnaire_Item*",
  "Questionnaire_Item:Backbone linkId=string! definition=uri code=Coding* prefix=string "
  "text=string type=#78! enableWhen=Questionnaire_EnableWhen* enableBehavior=#21 "
  "required=boolean repeats=boolean readOnly=boolean maxLength=integer "
  "answerValueSet=canonical answerOption=Questionnaire_AnswerOption* "
  "initial=Questionnaire_Initial* item=Questionnaire_Item*",
  "Questionnaire_EnableWhen:Backbone question=string! operator=#68! answer=[boolean|decimal|"
  "integer|date|dateTime|time|string|Coding|Quantity|Reference]!",
  "Questionnaire_AnswerOption:Backbone value=[integer|date|time|string|Coding|Reference]! "
  "initialSelected=boolean",
  "Questionnaire_Initial:Backbone value=[boolean|decimal|integer|date|dateTime|time|string|uri|"
  "Attachment|Coding|Quantity|Reference]!",
  "QuestionnaireResponse:Domain identifier=Identifier basedOn=Reference* partOf=Reference* "
  "questionnaire=canonical status=#87! subject=Reference encounter=Reference authored=dateTime "
  "author=Reference source=Reference item=QuestionnaireResponse_Item*",
  "QuestionnaireResponse_Item:Backbone linkId=string! definition=uri text=string "
  "answer=QuestionnaireResponse_Answer* item=QuestionnaireResponse_Item*",
  "QuestionnaireResponse_Answer:Backbone value=[boolean|decimal|integer|date|dateTime|time|"
  "string|uri|Attachment|Coding|Quantity|Reference] item=QuestionnaireResponse_Item*",
  "RelatedPerson:Domain identifier=Identifier* active=boolean patient=Reference! "
  "relationship=CodeableConcept* name=HumanName* telecom=ContactPoint* gender=#97 "
  "birthDate=date address=Address* photo=Attachment* period=Period "
  "communication=RelatedPerson_Communication*",
  "RelatedPerson_Communication:Backbone language=CodeableConcept! preferred=boolean",
  "RequestGroup:Domain identifier=Identifier* instantiatesCanonical=canonical* "
  "instantiatesUri=uri* basedOn=Reference* replaces=Reference* groupIdentifier=Identifier "
  "status=code! intent=code! priority=code code=CodeableConcept subject=Reference "
  "encounter=Reference authoredOn=dateTime author=Reference reasonCode=CodeableConcept* "
  "reasonReference=Reference* note=Annotation* action=RequestGroup_Action*",
  "RequestGroup_Action:Backbone prefix=string title=string description=string "
  "textEquivalent=string priority=code code=CodeableConcept* documentation=RelatedArtifact* "
  "condition=RequestGroup_Condition* relatedAction=RequestGroup_RelatedAction* "
  "timing=[dateTime|Age|Period|Duration|Range|Timing] participant=Reference* "
  "type=CodeableConcept groupingBehavior=code selectionBehavior=code requiredBehavior=code "
  "precheckBehavior=code cardinalityBehavior=code resource=Reference "
  "action=RequestGroup_Action*",
  "RequestGroup_Condition:Backbone kind=code! expression=Expression",
  "RequestGroup_RelatedAction:Backbone actionId=id! relationship=code! offset=[Duration|Range]",
  "ResearchDefinition:Domain url=uri identifier=Identifier* version=string name=string "
  "title=string shortTitle=string subtitle=string status=#59! experimental=boolean "
  "subject=[CodeableConcept|Reference] date=dateTime publisher=string contact=ContactDetail* "
  "description=markdown comment=string* useContext=UsageContext* jurisdiction=CodeableConcept* "
  "purpose=markdown usage=string copyright=markdown approvalDate=date lastReviewDate=date "
  "effectivePeriod=Period topic=CodeableConcept* author=ContactDetail* editor=ContactDetail* "
  "reviewer=ContactDetail* endorser=ContactDetail* relatedArtifact=RelatedArtifact* "
  "library=canonical* population=Reference! exposure=Reference exposureAlternative=Reference "
  "outcome=Reference",
  "ResearchElementDefinition:Domain url=uri identifier=Identifier* version=string name=string "
  "title=string shortTitle=string subtitle=string status=#59! experimental=boolean "
  "subject=[CodeableConcept|Reference] date=dateTime publisher=string contact=ContactDetail* "
  "description=markdown comment=string* useContext=UsageContext* jurisdiction=CodeableConcept* "
  "purpose=markdown usage=string copyright=markdown approvalDate=date lastReviewDate=date "
  "effectivePeriod=Period topic=CodeableConcept* author=ContactDetail* editor=ContactDetail* "
  "reviewer=ContactDetail* endorser=ContactDetail* relatedArtifact=RelatedArtifact* "
  "library=canonical* type=#134! variableType=#54 "
  "characteristic=ResearchElementDefinition_Characteristic+",
  "ResearchElementDefinition_Characteristic:Backbone definition=[CodeableConcept|canonical|"
  "Expression|DataRequirement]! usageContext=UsageContext* exclude=boolean "
  "unitOfMeasure=CodeableConcept studyEffectiveDescription=string studyEffective=[dateTime|"
  "Period|Duration|Timing] studyEffectiveTimeFromStart=Duration studyEffectiveGroupMeasure=#99 "
  "participantEffectiveDescription=string participantEffective=[dateTime|Period|Duration|"
  "Timing] participantEffectiveTimeFromStart=Duration participantEffectiveGroupMeasure=#99",
  "ResearchStudy:Domain identifier=Identifier* title=string protocol=Reference* "
  "partOf=Reference* status=#12! primaryPurposeType=CodeableConcept phase=CodeableConcept "
  "category=CodeableConcept* focus=CodeableConcept* condition=CodeableConcept* "
  "contact=ContactDetail* relatedArtifact=RelatedArtifact* keyword=CodeableConcept* "
  "location=CodeableConcept* description=markdown enrollment=Reference* period=Period "
  "sponsor=Reference principalInvestigator=Reference site=Reference* "
  "reasonStopped=CodeableConcept note=Annotation* arm=ResearchStudy_Arm* "
  "objective=ResearchStudy_Objective*",
  "ResearchStudy_Arm:Backbone name=string! type=CodeableConcept description=string",
  "ResearchStudy_Objective:Backbone name=string type=CodeableConcept",
  "ResearchSubject:Domain identifier=Identifier* status=#37! period=Period study=Reference! "
  "individual=Reference! assignedArm=string actualArm=string consent=Reference",
  "RiskAssessment:Domain identifier=Identifier* basedOn=Reference parent=Reference "
  "status=code! method=CodeableConcept code=CodeableConcept subject=Reference! "
  "encounter=Reference occurrence=[dateTime|Period] condition=Reference performer=Reference "
  "reasonCode=CodeableConcept* reasonReference=Reference* basis=Reference* "
  "prediction=RiskAssessment_Prediction* mitigation=string note=Annotation*",
  "RiskAssessment_Prediction:Backbone outcome=CodeableConcept probability=[decimal|Range] "
  "qualitativeRisk=CodeableConcept relativeRisk=decimal when=[Period|Range] rationale=string",
  "RiskEvidenceSynthesis:Domain url=uri identifier=Identifier* version=string name=string "
  "title=string status=#59! date=dateTime publisher=string contact=ContactDetail* "
  "description=markdown note=Annotation* useContext=UsageContext* "
  "jurisdiction=CodeableConcept* copyright=markdown approvalDate=date lastReviewDate=date "
  "effectivePeriod=Period topic=CodeableConcept* author=ContactDetail* editor=ContactDetail* "
  "reviewer=ContactDetail* endorser=ContactDetail* relatedArtifact=RelatedArtifact* "
  "synthesisType=CodeableConcept studyType=CodeableConcept population=Reference! "
  "exposure=Reference outcome=Reference! sampleSize=RiskEvidenceSynthesis_SampleSize "
  "riskEstimate=RiskEvidenceSynthesis_RiskEstimate certainty=RiskEvidenceSynthesis_Certainty*",
  "RiskEvidenceSynthesis_SampleSize:Backbone description=string numberOfStudies=integer "
  "numberOfParticipants=integer",
  "RiskEvidenceSynthesis_RiskEstimate:Backbone description=string type=CodeableConcept "
  "value=decimal unitOfMeasure=CodeableConcept denominatorCount=integer numeratorCount=integer "
  "precisionEstimate=RiskEvidenceSynthesis_PrecisionEstimate*",
  "RiskEvidenceSynthesis_PrecisionEstimate:Backbone type=CodeableConcept level=decimal "
  "from=decimal to=decimal",
  "RiskEvidenceSynthesis_Certainty:Backbone rating=CodeableConcept* note=Annotation* "
  "certaintySubcomponent=RiskEvidenceSynthesis_CertaintySubcomponent*",
  "RiskEvidenceSynthesis_CertaintySubcomponent:Backbone type=CodeableConcept "
  "rating=CodeableConcept* note=Annotation*",
  "Schedule:Domain identifier=Identifier* active=boolean serviceCategory=CodeableConcept* "
  "serviceType=CodeableConcept* specialty=CodeableConcept* actor=Reference+ "
  "planningHorizon=Period comment=string",
  "SearchParameter:Domain url=uri! version=string name=string! derivedFrom=canonical "
  "status=#59! experimental=boolean date=dateTime publisher=string contact=ContactDetail* "
  "description=markdown! useContext=UsageContext* jurisdiction=CodeableConcept* "
  "purpose=markdown code=code! base=code+ type=#115! expression=string xpath=string "
  "xpathUsage=#108 target=code* multipleOr=boolean multipleAnd=boolean comparator=#65* "
  "modifier=#102* chain=string* component=SearchParameter_Component*",
  "SearchParameter_Component:Backbone definition=canonical! expression=string!",
  "ServiceRequest:Domain identifier=Identifier* instantiatesCanonical=canonical* "
  "instantiatesUri=uri* basedOn=Reference* replaces=Reference* requisition=Identifier "
  "status=code! intent=code! category=CodeableConcept* priority=code doNotPerform=boolean "
  "code=CodeableConcept orderDetail=CodeableConcept* quantity=[Quantity|Ratio|Range] "
  "subject=Reference! encounter=Reference occurrence=[dateTime|Period|Timing] "
  "asNeeded=[boolean|CodeableConcept] authoredOn=dateTime requester=Reference "
  "performerType=CodeableConcept performer=Reference* locationCode=CodeableConcept* "
  "locationReference=Reference* reasonCode=CodeableConcept* reasonReference=Reference* "
  "insurance=Reference* supportingInfo=Reference* specimen=Reference* "
  "bodySite=CodeableConcept* note=Annotation* patientInstruction=string "
  "relevantHistory=Reference*",
  "Slot:Domain identifier=Identifier* serviceCategory=CodeableConcept* "
  "serviceType=CodeableConcept* specialty=CodeableConcept* appointmentType=CodeableConcept "
  "schedule=Reference! status=#36! start=instant! end=instant! overbooked=boolean "
  "comment=string",
  "Specimen:Domain identifier=Identifier* accessionIdentifier=Identifier status=#31 "
  "type=CodeableConcept subject=Reference receivedTime=dateTime parent=Reference* "
  "request=Reference* collection=Specimen_Collection processing=Specimen_Processing* "
  "container=Specimen_Container* condition=CodeableConcept* note=Annotation*",
  "Specimen_Collection:Backbone collector=Reference collected=[dateTime|Period] "
  "duration=Duration quantity=Quantity method=CodeableConcept bodySite=CodeableConcept "
  "fastingStatus=[CodeableConcept|Duration]",
  "Specimen_Processing:Backbone description=string procedure=CodeableConcept "
  "additive=Reference* time=[dateTime|Period]",
  "Specimen_Container:Backbone identifier=Identifier* description=string type=CodeableConcept "
  "capacity=Quantity specimenQuantity=Quantity additive=[CodeableConcept|Reference]",
  "SpecimenDefinition:Domain identifier=Identifier typeCollected=CodeableConcept "
  "patientPreparation=CodeableConcept* timeAspect=string collection=CodeableConcept* "
  "typeTested=SpecimenDefinition_TypeTested*",
  "SpecimenDefinition_TypeTested:Backbone isDerived=boolean type=CodeableConcept "
  "preference=#136! container=SpecimenDefinition_Container requirement=string "
  "retentionTime=Duration rejectionCriterion=CodeableConcept* "
  "handling=SpecimenDefinition_Handling*",
  "SpecimenDefinition_Container:Backbone material=CodeableConcept type=CodeableConcept "
  "cap=CodeableConcept description=string capacity=Quantity minimumVolume=[Quantity|string] "
  "additive=SpecimenDefinition_Additive* preparation=string",
  "SpecimenDefinition_Additive:Backbone additive=[CodeableConcept|Reference]!",
  "SpecimenDefinition_Handling:Backbone temperatureQualifier=CodeableConcept "
  "temperatureRange=Range maxDuration=Duration instruction=string",
  "StructureDefinition:Domain url=uri! identifier=Identifier* version=string name=string! "
  "title=string status=#59! experimental=boolean date=dateTime publisher=string "
  "contact=ContactDetail* description=markdown useContext=UsageContext* "
  "jurisdiction=CodeableConcept* purpose=markdown copyright=markdown keyword=Coding* "
  "fhirVersion=#1 mapping=StructureDefinition_Mapping* kind=#138! abstract=boolean! "
  "context=StructureDefinition_Context* contextInvariant=string* type=uri! "
  "baseDefinition=canonical derivation=#166 snapshot=StructureDefinition_Snapshot "
  "differential=StructureDefinition_Differential",
  "StructureDefinition_Mapping:Backbone identity=id! uri=uri name=string comment=string",
  "StructureDefinition_Context:Backbone type=#73! expression=string!",
  "StructureDefinition_Snapshot:Backbone element=ElementDefinition+",
  "StructureDefinition_Differential:Backbone element=ElementDefinition+",
  "StructureMap:Domain url=uri! identifier=Identifier* version=string name=string! "
  "title=string status=#59! experimental=boolean date=dateTime publisher=string "
  "contact=ContactDetail* description=markdown useContext=UsageContext* "
  "jurisdiction=CodeableConcept* purpose=markdown copyright=markdown "
  "structure=StructureMap_Structure* import=canonical* group=StructureMap_Group+",
  "StructureMap_Structure:Backbone url=canonical! mode=#164! alias=string documentation=string",
  "StructureMap_Group:Backbone name=id! extends=id typeMode=#107! documentation=string "
  "input=StructureMap_Input+ rule=StructureMap_Rule+",
  "StructureMap_Input:Backbone name=id! type=string mode=#165! documentation=string",
  "StructureMap_Rule:Backbone name=id! source=StructureMap_Source+ target=StructureMap_Target* "
  "rule=StructureMap_Rule* dependent=StructureMap_Dependent* documentation=string",
  "StructureMap_Source:Backbone context=id! min=integer max=string type=string "
  "defaultValue=[*] element=string listMode=#74 variable=id condition=string check=string "
  "logMessage=string",
  "StructureMap_Target:Backbone context=id contextType=#172 element=string variable=id "
  "listMode=#75* listRuleId=id transform=#48 parameter=StructureMap_Parameter*",
  "StructureMap_Parameter:Backbone value=[id|string|boolean|integer|decimal]!",
  "StructureMap_Dependent:Backbone name=id! variable=string+",
  "Subscription:Domain status=#153! contact=ContactPoint* end=instant reason=string! "
  "criteria=string! error=string channel=Subscription_Channel!",
  "Subscription_Channel:Backbone type=#157! endpoint=url payload=code header=string*",
  "Substance:Domain identifier=Identifier* status=#15 category=CodeableConcept* "
  "code=CodeableConcept! description=string instance=Substance_Instance* "
  "ingredient=Substance_Ingredient*",
  "Substance_Instance:Backbone identifier=Identifier expiry=dateTime quantity=Quantity",
  "Substance_Ingredient:Backbone quantity=Ratio substance=[CodeableConcept|Reference]!",
  "SubstanceNucleicAcid:Domain sequenceType=CodeableConcept numberOfSubunits=integer "
  "areaOfHybridisation=string oligoNucleotideType=CodeableConcept "
  "subunit=SubstanceNucleicAcid_Subunit*",
  "SubstanceNucleicAcid_Subunit:Backbone subunit=integer sequence=string length=integer "
  "sequenceAttachment=Attachment fivePrime=CodeableConcept threePrime=CodeableConcept "
  "linkage=SubstanceNucleicAcid_Linkage* sugar=SubstanceNucleicAcid_Sugar*",
  "SubstanceNucleicAcid_Linkage:Backbone connectivity=string identifier=Identifier name=string "
  "residueSite=string",
  "SubstanceNucleicAcid_Sugar:Backbone identifier=Identifier name=string residueSite=string",
  "SubstancePolymer:Domain class=CodeableConcept geometry=CodeableConcept "
  "copolymerConnectivity=CodeableConcept* modification=string* "
  "monomerSet=SubstancePolymer_MonomerSet* repeat=SubstancePolymer_Repeat*",
  "SubstancePolymer_MonomerSet:Backbone ratioType=CodeableConcept "
  "startingMaterial=SubstancePolymer_StartingMaterial*",
  "SubstancePolymer_StartingMaterial:Backbone material=CodeableConcept type=CodeableConcept "
  "isDefining=boolean amount=SubstanceAmount",
  "SubstancePolymer_Repeat:Backbone numberOfUnits=integer averageMolecularFormula=string "
  "repeatUnitAmountType=CodeableConcept repeatUnit=SubstancePolymer_RepeatUnit*",
  "SubstancePolymer_RepeatUnit:Backbone orientationOfPolymerisation=CodeableConcept "
  "repeatUnit=string amount=SubstanceAmount "
  "degreeOfPolymerisation=SubstancePolymer_DegreeOfPolymerisation* "
  "structuralRepresentation=SubstancePolymer_StructuralRepresentation*",
  "SubstancePolymer_DegreeOfPolymerisation:Backbone degree=CodeableConcept "
  "amount=SubstanceAmount",
  "SubstancePolymer_StructuralRepresentation:Backbone type=CodeableConcept "
  "representation=string attachment=Attachment",
  "SubstanceProtein:Domain sequenceType=CodeableConcept numberOfSubunits=integer "
  "disulfideLinkage=string* subunit=SubstanceProtein_Subunit*",
  "SubstanceProtein_Subunit:Backbone subunit=integer sequence=string length=integer "
  "sequenceAttachment=Attachment nTerminalModificationId=Identifier "
  "nTerminalModification=string cTerminalModificationId=Identifier cTerminalModification=string",
  "SubstanceReferenceInformation:Domain comment=string "
  "gene=SubstanceReferenceInformation_Gene* "
  "geneElement=SubstanceReferenceInformation_GeneElement* "
  "classification=SubstanceReferenceInformation_Classification* "
  "target=SubstanceReferenceInformation_Target*",
  "SubstanceReferenceInformation_Gene:Backbone geneSequenceOrigin=CodeableConcept "
  "gene=CodeableConcept source=Reference*",
  "SubstanceReferenceInformation_GeneElement:Backbone type=CodeableConcept element=Identifier "
  "source=Reference*",
  "SubstanceReferenceInformation_Classification:Backbone domain=CodeableConcept "
  "classification=CodeableConcept subtype=CodeableConcept* source=Reference*",
  "SubstanceReferenceInformation_Target:Backbone target=Identifier type=CodeableConcept "
  "interaction=CodeableConcept organism=CodeableConcept organismType=CodeableConcept "
  "amount=[Quantity|Range|string] amountType=CodeableConcept source=Reference*",
  "SubstanceSourceMaterial:Domain sourceMaterialClass=CodeableConcept "
  "sourceMaterialType=CodeableConcept sourceMaterialState=CodeableConcept "
  "organismId=Identifier organismName=string parentSubstanceId=Identifier* "
  "parentSubstanceName=string* countryOfOrigin=CodeableConcept* geographicalLocation=string* "
  "developmentStage=CodeableConcept "
  "fractionDescription=SubstanceSourceMaterial_FractionDescription* "
  "organism=SubstanceSourceMaterial_Organism "
  "partDescription=SubstanceSourceMaterial_PartDescription*",
  "SubstanceSourceMaterial_FractionDescription:Backbone fraction=string "
  "materialType=CodeableConcept",
  "SubstanceSourceMaterial_Organism:Backbone family=CodeableConcept genus=CodeableConcept "
  "species=CodeableConcept intraspecificType=CodeableConcept intraspecificDescription=string "
  "author=SubstanceSourceMaterial_Author* hybrid=SubstanceSourceMaterial_Hybrid "
  "organismGeneral=SubstanceSourceMaterial_OrganismGeneral",
  "SubstanceSourceMaterial_Author:Backbone authorType=CodeableConcept authorDescription=string",
  "SubstanceSourceMaterial_Hybrid:Backbone maternalOrganismId=string "
  "maternalOrganismName=string paternalOrganismId=string paternalOrganismName=string "
  "hybridType=CodeableConcept",
  "SubstanceSourceMaterial_OrganismGeneral:Backbone kingdom=CodeableConcept "
  "phylum=CodeableConcept class=CodeableConcept order=CodeableConcept",
  "SubstanceSourceMaterial_PartDescription:Backbone part=CodeableConcept "
  "partLocation=CodeableConcept",
  "SubstanceSpecification:Domain identifier=Identifier type=CodeableConcept "
  "status=CodeableConcept domain=CodeableConcept description=string source=Reference* "
  "comment=string moiety=SubstanceSpecification_Moiety* "
  "property=SubstanceSpecification_Property* referenceInformation=Reference "
  "structure=SubstanceSpecification_Structure code=SubstanceSpecification_Code* "
  "name=SubstanceSpecification_Name* molecularWeight=SubstanceSpecification_MolecularWeight* "
  "relationship=SubstanceSpecification_Relationship* nucleicAcid=Reference polymer=Reference "
  "protein=Reference sourceMaterial=Reference",
  "SubstanceSpecification_Moiety:Backbone role=CodeableConcept identifier=Identifier "
  "name=string stereochemistry=CodeableConcept opticalActivity=CodeableConcept "
  "molecularFormula=string amount=[Quantity|string]",
  "SubstanceSpecification_Property:Backbone category=CodeableConcept code=CodeableConcept "
  "parameters=string definingSubstance=[Reference|CodeableConcept] amount=[Quantity|string]",
  "SubstanceSpecification_Structure:Backbone stereochemistry=CodeableConcept "
  "opticalActivity=CodeableConcept molecularFormula=string molecularFormulaByMoiety=string "
  "isotope=SubstanceSpecification_Isotope* "
  "molecularWeight=SubstanceSpecification_MolecularWeight source=Reference* "
  "representation=SubstanceSpecification_Representation*",
  "SubstanceSpecification_Isotope:Backbone identifier=Identifier name=CodeableConcept "
  "substitution=CodeableConcept halfLife=Quantity "
  "molecularWeight=SubstanceSpecification_MolecularWeight",
  "SubstanceSpecification_MolecularWeight:Backbone method=CodeableConcept type=CodeableConcept "
  "amount=Quantity",
  "SubstanceSpecification_Representation:Backbone type=CodeableConcept representation=string "
  "attachment=Attachment",
  "SubstanceSpecification_Code:Backbone code=CodeableConcept status=CodeableConcept "
  "statusDate=dateTime comment=string source=Reference*",
  "SubstanceSpecification_Name:Backbone name=string! type=CodeableConcept "
  "status=CodeableConcept preferred=boolean language=CodeableConcept* domain=CodeableConcept* "
  "jurisdiction=CodeableConcept* synonym=SubstanceSpecification_Name* "
  "translation=SubstanceSpecification_Name* official=SubstanceSpecification_Official* "
  "source=Reference*",
  "SubstanceSpecification_Official:Backbone authority=CodeableConcept status=CodeableConcept "
  "date=dateTime",
  "SubstanceSpecification_Relationship:Backbone substance=[Reference|CodeableConcept] "
  "relationship=CodeableConcept isDefining=boolean amount=[Quantity|Range|Ratio|string] "
  "amountRatioLowLimit=Ratio amountType=CodeableConcept source=Reference*",
  "SupplyDelivery:Domain identifier=Identifier* basedOn=Reference* partOf=Reference* "
  "status=#86 patient=Reference type=CodeableConcept suppliedItem=SupplyDelivery_SuppliedItem "
  "occurrence=[dateTime|Period|Timing] supplier=Reference destination=Reference "
  "receiver=Reference*",
  "SupplyDelivery_SuppliedItem:Backbone quantity=Quantity item=[CodeableConcept|Reference]",
  "SupplyRequest:Domain identifier=Identifier* status=#60 category=CodeableConcept "
  "priority=code item=[CodeableConcept|Reference]! quantity=Quantity! "
  "parameter=SupplyRequest_Parameter* occurrence=[dateTime|Period|Timing] authoredOn=dateTime "
  "requester=Reference supplier=Reference* reasonCode=CodeableConcept* "
  "reasonReference=Reference* deliverFrom=Reference deliverTo=Reference",
  "SupplyRequest_Parameter:Backbone code=CodeableConcept value=[CodeableConcept|Quantity|Range|"
  "boolean]",
  "Task:Domain identifier=Identifier* instantiatesCanonical=canonical instantiatesUri=uri "
  "basedOn=Reference* groupIdentifier=Identifier partOf=Reference* status=#63! "
  "statusReason=CodeableConcept businessStatus=CodeableConcept intent=#174! priority=code "
  "code=CodeableConcept description=string focus=Reference for=Reference encounter=Reference "
  "executionPeriod=Period authoredOn=dateTime lastModified=dateTime requester=Reference "
  "performerType=CodeableConcept* owner=Reference location=Reference "
  "reasonCode=CodeableConcept reasonReference=Reference insurance=Reference* note=Annotation* "
  "relevantHistory=Reference* restriction=Task_Restriction input=Task_Input* "
  "output=Task_Output*",
  "Task_Restriction:Backbone repetitions=positiveInt period=Period recipient=Reference*",
  "Task_Input:Backbone type=CodeableConcept! value=[*]!",
  "Task_Output:Backbone type=CodeableConcept! value=[*]!",
  "TerminologyCapabilities:Domain url=uri version=string name=string title=string status=#59! "
  "experimental=boolean date=dateTime! publisher=string contact=ContactDetail* "
  "description=markdown useContext=UsageContext* jurisdiction=CodeableConcept* "
  "purpose=markdown copyright=markdown kind=code! software=TerminologyCapabilities_Software "
  "implementation=TerminologyCapabilities_Implementation lockedDate=boolean "
  "codeSystem=TerminologyCapabilities_CodeSystem* expansion=TerminologyCapabilities_Expansion "
  "codeSearch=#69 validateCode=TerminologyCapabilities_ValidateCode "
  "translation=TerminologyCapabilities_Translation closure=TerminologyCapabilities_Closure",
  "TerminologyCapabilities_Software:Backbone name=string! version=string",
  "TerminologyCapabilities_Implementation:Backbone description=string! url=url",
  "TerminologyCapabilities_CodeSystem:Backbone uri=canonical "
  "version=TerminologyCapabilities_Version* subsumption=boolean",
  "TerminologyCapabilities_Version:Backbone code=string isDefault=boolean "
  "compositional=boolean language=code* filter=TerminologyCapabilities_Filter* property=code*",
  "TerminologyCapabilities_Filter:Backbone code=code! op=code+",
  "TerminologyCapabilities_Expansion:Backbone hierarchical=boolean paging=boolean "
  "incomplete=boolean parameter=TerminologyCapabilities_Parameter* textFilter=markdown",
  "TerminologyCapabilities_Parameter:Backbone name=code! documentation=string",
  "TerminologyCapabilities_ValidateCode:Backbone translations=boolean!",
  "TerminologyCapabilities_Translation:Backbone needsMap=boolean!",
  "TerminologyCapabilities_Closure:Backbone translation=boolean",
  "TestReport:Domain identifier=Identifier name=string status=#44! testScript=Reference! "
  "result=#123! score=decimal tester=string issued=dateTime "
  "participant=TestReport_Participant* setup=TestReport_Setup test=TestReport_Test* "
  "teardown=TestReport_Teardown",
  "TestReport_Participant:Backbone type=#168! uri=uri! display=string",
  "TestReport_Setup:Backbone action=TestReport_Action+",
  "TestReport_Action:Backbone operation=TestReport_Operation assert=TestReport_Assert",
  "TestReport_Operation:Backbone result=#124! message=markdown detail=uri",
  "TestReport_Assert:Backbone result=#124! message=markdown detail=string",
  "TestReport_Test:Backbone name=string description=string action=TestReport_Action1+",
  "TestReport_Action1:Backbone operation=TestReport_Operation assert=TestReport_Assert",
  "TestReport_Teardown:Backbone action=TestReport_Action2+",
  "TestReport_Action2:Backbone operation=TestReport_Operation!",
  "TestScript:Domain url=uri! identifier=Identifier version=string name=string! title=string "
  "status=#59! experimental=boolean date=dateTime publisher=string contact=ContactDetail* "
  "description=markdown useContext=UsageContext* jurisdiction=CodeableConcept* "
  "purpose=markdown copyright=markdown origin=TestScript_Origin* "
  "destination=TestScript_Destination* metadata=TestScript_Metadata "
  "fixture=TestScript_Fixture* profile=Reference* variable=TestScript_Variable* "
  "setup=TestScript_Setup test=TestScript_Test* teardown=TestScript_Teardown",
  "TestScript_Origin:Backbone index=integer! profile=Coding!",
  "TestScript_Destination:Backbone index=integer! profile=Coding!",
  "TestScript_Metadata:Backbone link=TestScript_Link* capability=TestScript_Capability+",
  "TestScript_Link:Backbone url=uri! description=string",
  "TestScript_Capability:Backbone required=boolean! validated=boolean! description=string "
  "origin=integer* destination=integer link=uri* capabilities=canonical!",
  "TestScript_Fixture:Backbone autocreate=boolean! autodelete=boolean! resource=Reference",
  "TestScript_Variable:Backbone name=string! defaultValue=string description=string "
  "expression=string headerField=string hint=string path=string sourceId=id",
  "TestScript_Setup:Backbone action=TestScript_Action+",
  "TestScript_Action:Backbone operation=TestScript_Operation assert=TestScript_Assert",
  "TestScript_Operation:Backbone type=Coding resource=code label=string description=string "
  "accept=code contentType=code destination=integer encodeRequestUrl=boolean! method=#51 "
  "origin=integer params=string requestHeader=TestScript_RequestHeader* requestId=id "
  "responseId=id sourceId=id targetId=id url=string",
  "TestScript_RequestHeader:Backbone field=string! value=string!",
  "TestScript_Assert:Backbone label=string description=string direction=#156 "
  "compareToSourceId=string compareToSourceExpression=string compareToSourcePath=string "
  "contentType=code expression=string headerField=string minimumId=string "
  "navigationLinks=boolean operator=#66 path=string requestMethod=#51 requestURL=string "
  "resource=code response=#118 responseCode=string sourceId=id validateProfileId=id "
  "value=string warningOnly=boolean!",
  "TestScript_Test:Backbone name=string description=string action=TestScript_Action1+",
  "TestScript_Action1:Backbone operation=TestScript_Operation assert=TestScript_Assert",
  "TestScript_Teardown:Backbone action=TestScript_Action2+",
  "TestScript_Action2:Backbone operation=TestScript_Operation!",
  "ValueSet:Domain url=uri identifier=Identifier* version=string name=string title=string "
  "status=#59! experimental=boolean date=dateTime publisher=string contact=ContactDetail* "
  "description=markdown useContext=UsageContext* jurisdiction=CodeableConcept* "
  "immutable=boolean purpose=markdown copyright=markdown compose=ValueSet_Compose "
  "expansion=ValueSet_Expansion",
  "ValueSet_Compose:Backbone lockedDate=date inactive=boolean include=ValueSet_Include+ "
  "exclude=ValueSet_Include*",
  "ValueSet_Include:Backbone system=uri version=string concept=ValueSet_Concept* "
  "filter=ValueSet_Filter* valueSet=canonical*",
  "ValueSet_Concept:Backbone code=code! display=string designation=ValueSet_Designation*",
  "ValueSet_Designation:Backbone language=code use=Coding value=string!",
  "ValueSet_Filter:Backbone property=code! op=#4! value=string!",
  "ValueSet_Expansion:Backbone identifier=uri timestamp=dateTime! total=integer offset=integer "
  "parameter=ValueSet_Parameter* contains=ValueSet_Contains*",
  "ValueSet_Parameter:Backbone name=string! value=[string|boolean|integer|decimal|uri|code|"
  "dateTime]",
  "ValueSet_Contains:Backbone system=uri abstract=boolean inactive=boolean version=string "
  "code=code display=string designation=ValueSet_Designation* contains=ValueSet_Contains*",
  "VerificationResult:Domain target=Reference* targetLocation=string* need=CodeableConcept "
  "status=code! statusDate=dateTime validationType=CodeableConcept "
  "validationProcess=CodeableConcept* frequency=Timing lastPerformed=dateTime "
  "nextScheduled=date failureAction=CodeableConcept "
  "primarySource=VerificationResult_PrimarySource* attestation=VerificationResult_Attestation "
  "validator=VerificationResult_Validator*",
  "VerificationResult_PrimarySource:Backbone who=Reference type=CodeableConcept* "
  "communicationMethod=CodeableConcept* validationStatus=CodeableConcept "
  "validationDate=dateTime canPushUpdates=CodeableConcept pushTypeAvailable=CodeableConcept*",
  "VerificationResult_Attestation:Backbone who=Reference onBehalfOf=Reference "
  "communicationMethod=CodeableConcept date=date sourceIdentityCertificate=string "
  "proxyIdentityCertificate=string proxySignature=Signature sourceSignature=Signature",
  "VerificationResult_Validator:Backbone organization=Reference! identityCertificate=string "
  "attestationSignature=Signature",
  "VisionPrescription:Domain identifier=Identifier* status=code! created=dateTime! "
  "patient=Reference! encounter=Reference dateWritten=dateTime! prescriber=Reference! "
  "lensSpecification=VisionPrescription_LensSpecification+",
  "VisionPrescription_LensSpecification:Backbone product=CodeableConcept! eye=#158! "
  "sphere=decimal cylinder=decimal axis=integer prism=VisionPrescription_Prism* add=decimal "
  "power=decimal backCurve=decimal diameter=decimal duration=Quantity color=string "
  "brand=string note=Annotation*",
  "VisionPrescription_Prism:Backbone amount=decimal! base=#176!",
  0};
