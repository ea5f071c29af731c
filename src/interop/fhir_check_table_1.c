/* fhir_check_table_1.c - made by tools/fhir-table from the JSON schema of FHIR R4 (HL7, CC0);
 * its form is told there. */
#include "interop/fhir_check_table.h"

/* clang-format off */
const char *const gm__fhir_type_rows_1[] = {
  "Element:Element ",
  "Extension:Element url=uri! value=[*]",
  "Narrative:Element status=#77! div=xhtml!",
  "Annotation:Element author=[Reference|string] time=dateTime text=markdown!",
  "Attachment:Element contentType=code language=code data=base64Binary url=url "
  "size=unsignedInt hash=base64Binary title=string creation=dateTime",
  "Identifier:Element use=#178 type=CodeableConcept system=uri value=string period=Period "
  "assigner=Reference",
  "CodeableConcept:Element coding=Coding* text=string",
  "Coding:Element system=uri version=string code=code display=string userSelected=boolean",
  "Quantity:Element value=decimal comparator=#3 unit=string system=uri code=code",
  "Duration:Element value=decimal comparator=#3 unit=string system=uri code=code",
  "Distance:Element value=decimal comparator=#3 unit=string system=uri code=code",
  "Count:Element value=decimal comparator=#3 unit=string system=uri code=code",
  "Money:Element value=decimal currency=code",
  "Age:Element value=decimal comparator=#3 unit=string system=uri code=code",
  "Range:Element low=Quantity high=Quantity",
  "Period:Element start=dateTime end=dateTime",
  "Ratio:Element numerator=Quantity denominator=Quantity",
  "Reference:Element reference=string type=uri identifier=Identifier display=string",
  "SampledData:Element origin=Quantity! period=decimal! factor=decimal lowerLimit=decimal "
  "upperLimit=decimal dimensions=positiveInt! data=string",
  "Signature:Element type=Coding+ when=instant! who=Reference! onBehalfOf=Reference "
  "targetFormat=code sigFormat=code data=base64Binary",
  "HumanName:Element use=#177 text=string family=string given=string* prefix=string* "
  "suffix=string* period=Period",
  "Address:Element use=#81 type=#135 text=string line=string* city=string district=string "
  "state=string postalCode=string country=string period=Period",
  "ContactPoint:Element system=#129 value=string use=#82 rank=positiveInt period=Period",
  "Timing:Backbone event=dateTime* repeat=Timing_Repeat code=CodeableConcept",
  "Timing_Repeat:Backbone bounds=[Duration|Range|Period] count=positiveInt "
  "countMax=positiveInt duration=decimal durationMax=decimal durationUnit=#159 "
  "frequency=positiveInt frequencyMax=positiveInt period=decimal periodMax=decimal "
  "periodUnit=#159 dayOfWeek=code* timeOfDay=time* when=#7* offset=unsignedInt",
  "Meta:Element versionId=id lastUpdated=instant source=uri profile=canonical* "
  "security=Coding* tag=Coding*",
  "ContactDetail:Element name=string telecom=ContactPoint*",
  "Contributor:Element type=#29! name=string! contact=ContactDetail*",
  "DataRequirement:Element type=code! profile=canonical* subject=[CodeableConcept|Reference] "
  "mustSupport=string* codeFilter=DataRequirement_CodeFilter* "
  "dateFilter=DataRequirement_DateFilter* limit=positiveInt sort=DataRequirement_Sort*",
  "DataRequirement_CodeFilter:Backbone path=string searchParam=string valueSet=canonical "
  "code=Coding*",
  "DataRequirement_DateFilter:Backbone path=string searchParam=string value=[dateTime|Period|"
  "Duration]",
  "DataRequirement_Sort:Backbone path=string! direction=#27!",
  "ParameterDefinition:Element name=code use=code! min=integer max=string documentation=string "
  "type=code! profile=canonical",
  "RelatedArtifact:Element type=#58! label=string display=string citation=markdown url=url "
  "document=Attachment resource=canonical",
  "TriggerDefinition:Element type=#105! name=string timing=[Timing|Reference|date|dateTime] "
  "data=DataRequirement* condition=Expression",
  "UsageContext:Element code=Coding! value=[CodeableConcept|Quantity|Range|Reference]!",
  "Dosage:Backbone sequence=integer text=string additionalInstruction=CodeableConcept* "
  "patientInstruction=string timing=Timing asNeeded=[boolean|CodeableConcept] "
  "site=CodeableConcept route=CodeableConcept method=CodeableConcept "
  "doseAndRate=Dosage_DoseAndRate* maxDosePerPeriod=Ratio maxDosePerAdministration=Quantity "
  "maxDosePerLifetime=Quantity",
  "Dosage_DoseAndRate:Backbone type=CodeableConcept dose=[Range|Quantity] rate=[Ratio|Range|"
  "Quantity]",
  "Population:Backbone age=[Range|CodeableConcept] gender=CodeableConcept race=CodeableConcept "
  "physiologicalCondition=CodeableConcept",
  "ProductShelfLife:Backbone identifier=Identifier type=CodeableConcept! period=Quantity! "
  "specialPrecautionsForStorage=CodeableConcept*",
  "ProdCharacteristic:Backbone height=Quantity width=Quantity depth=Quantity weight=Quantity "
  "nominalVolume=Quantity externalDiameter=Quantity shape=string color=string* imprint=string* "
  "image=Attachment* scoring=CodeableConcept",
  "MarketingStatus:Backbone country=CodeableConcept! jurisdiction=CodeableConcept "
  "status=CodeableConcept! dateRange=Period! restoreDate=dateTime",
  "SubstanceAmount:Backbone amount=[Quantity|Range|string] amountType=CodeableConcept "
  "amountText=string referenceRange=SubstanceAmount_ReferenceRange",
  "SubstanceAmount_ReferenceRange:Backbone lowLimit=Quantity highLimit=Quantity",
  "Expression:Element description=string name=id language=#169! expression=string reference=uri",
  "ElementDefinition:Backbone path=string! representation=#183* sliceName=string "
  "sliceIsConstraining=boolean label=string code=Coding* slicing=ElementDefinition_Slicing "
  "short=string definition=markdown comment=markdown requirements=markdown alias=string* "
  "min=unsignedInt max=string base=ElementDefinition_Base contentReference=uri "
  "type=ElementDefinition_Type* defaultValue=[*] meaningWhenMissing=markdown "
  "orderMeaning=string fixed=[*] pattern=[*] example=ElementDefinition_Example* minValue=[date|"
  "dateTime|instant|time|decimal|integer|positiveInt|unsignedInt|Quantity] maxValue=[date|"
  "dateTime|instant|time|decimal|integer|positiveInt|unsignedInt|Quantity] maxLength=integer "
  "condition=id* constraint=ElementDefinition_Constraint* mustSupport=boolean "
  "isModifier=boolean isModifierReason=string isSummary=boolean "
  "binding=ElementDefinition_Binding mapping=ElementDefinition_Mapping*",
  "ElementDefinition_Slicing:Backbone discriminator=ElementDefinition_Discriminator* "
  "description=string ordered=boolean rules=#40!",
  "ElementDefinition_Discriminator:Backbone type=#179! path=string!",
  "ElementDefinition_Base:Backbone path=string! min=unsignedInt! max=string!",
  "ElementDefinition_Type:Backbone code=uri! profile=canonical* targetProfile=canonical* "
  "aggregation=#47* versioning=#64",
  "ElementDefinition_Example:Backbone label=string! value=[*]!",
  "ElementDefinition_Constraint:Backbone key=id! requirements=string severity=#67! "
  "human=string! expression=string xpath=string source=canonical",
  "ElementDefinition_Binding:Backbone strength=#154! description=string valueSet=canonical",
  "ElementDefinition_Mapping:Backbone identity=id! language=code map=string! comment=string",
  "Account:Domain identifier=Identifier* status=#16! type=CodeableConcept name=string "
  "subject=Reference* servicePeriod=Period coverage=Account_Coverage* owner=Reference "
  "description=string guarantor=Account_Guarantor* partOf=Reference",
  "Account_Coverage:Backbone coverage=Reference! priority=positiveInt",
  "Account_Guarantor:Backbone party=Reference! onHold=boolean period=Period",
  "ActivityDefinition:Domain url=uri identifier=Identifier* version=string name=string "
  "title=string subtitle=string status=#59! experimental=boolean subject=[CodeableConcept|"
  "Reference] date=dateTime publisher=string contact=ContactDetail* description=markdown "
  "useContext=UsageContext* jurisdiction=CodeableConcept* purpose=markdown usage=string "
  "copyright=markdown approvalDate=date lastReviewDate=date effectivePeriod=Period "
  "topic=CodeableConcept* author=ContactDetail* editor=ContactDetail* reviewer=ContactDetail* "
  "endorser=ContactDetail* relatedArtifact=RelatedArtifact* library=canonical* kind=code "
  "profile=canonical code=CodeableConcept intent=code priority=code doNotPerform=boolean "
  "timing=[Timing|dateTime|Age|Period|Range|Duration] location=Reference "
  "participant=ActivityDefinition_Participant* product=[Reference|CodeableConcept] "
  "quantity=Quantity dosage=Dosage* bodySite=CodeableConcept* specimenRequirement=Reference* "
  "observationRequirement=Reference* observationResultRequirement=Reference* "
  "transform=canonical dynamicValue=ActivityDefinition_DynamicValue*",
  "ActivityDefinition_Participant:Backbone type=code! role=CodeableConcept",
  "ActivityDefinition_DynamicValue:Backbone path=string! expression=Expression!",
  "AdverseEvent:Domain identifier=Identifier actuality=#20! category=CodeableConcept* "
  "event=CodeableConcept subject=Reference! encounter=Reference date=dateTime "
  "detected=dateTime recordedDate=dateTime resultingCondition=Reference* location=Reference "
  "seriousness=CodeableConcept severity=CodeableConcept outcome=CodeableConcept "
  "recorder=Reference contributor=Reference* suspectEntity=AdverseEvent_SuspectEntity* "
  "subjectMedicalHistory=Reference* referenceDocument=Reference* study=Reference*",
  "AdverseEvent_SuspectEntity:Backbone instance=Reference! causality=AdverseEvent_Causality*",
  "AdverseEvent_Causality:Backbone assessment=CodeableConcept productRelatedness=string "
  "author=Reference method=CodeableConcept",
  "AllergyIntolerance:Domain identifier=Identifier* clinicalStatus=CodeableConcept "
  "verificationStatus=CodeableConcept type=#22 category=#76* criticality=#96 "
  "code=CodeableConcept patient=Reference! encounter=Reference onset=[dateTime|Age|Period|"
  "Range|string] recordedDate=dateTime recorder=Reference asserter=Reference "
  "lastOccurrence=dateTime note=Annotation* reaction=AllergyIntolerance_Reaction*",
  "AllergyIntolerance_Reaction:Backbone substance=CodeableConcept "
  "manifestation=CodeableConcept+ description=string onset=dateTime severity=#101 "
  "exposureRoute=CodeableConcept note=Annotation*",
  "Appointment:Domain identifier=Identifier* status=#141! cancelationReason=CodeableConcept "
  "serviceCategory=CodeableConcept* serviceType=CodeableConcept* specialty=CodeableConcept* "
  "appointmentType=CodeableConcept reasonCode=CodeableConcept* reasonReference=Reference* "
  "priority=unsignedInt description=string supportingInformation=Reference* start=instant "
  "end=instant minutesDuration=positiveInt slot=Reference* created=dateTime comment=string "
  "patientInstruction=string basedOn=Reference* participant=Appointment_Participant+ "
  "requestedPeriod=Period*",
  "Appointment_Participant:Backbone type=CodeableConcept* actor=Reference required=#155 "
  "status=#11! period=Period",
  "AppointmentResponse:Domain identifier=Identifier* appointment=Reference! start=instant "
  "end=instant participantType=CodeableConcept* actor=Reference participantStatus=code! "
  "comment=string",
  "AuditEvent:Domain type=Coding! subtype=Coding* action=#5 period=Period recorded=instant! "
  "outcome=#0 outcomeDesc=string purposeOfEvent=CodeableConcept* agent=AuditEvent_Agent+ "
  "source=AuditEvent_Source! entity=AuditEvent_Entity*",
  "AuditEvent_Agent:Backbone type=CodeableConcept role=CodeableConcept* who=Reference "
  "altId=string name=string requestor=boolean! location=Reference policy=uri* media=Coding "
  "network=AuditEvent_Network purposeOfUse=CodeableConcept*",
  "AuditEvent_Network:Backbone address=string type=#2",
  "AuditEvent_Source:Backbone site=string observer=Reference! type=Coding*",
  "AuditEvent_Entity:Backbone what=Reference type=Coding role=Coding lifecycle=Coding "
  "securityLabel=Coding* name=string description=string query=base64Binary "
  "detail=AuditEvent_Detail*",
  "AuditEvent_Detail:Backbone type=string! value=[string|base64Binary]!",
  "Basic:Domain identifier=Identifier* code=CodeableConcept! subject=Reference created=date "
  "author=Reference",
  "Binary:Resource contentType=code! securityContext=Reference data=base64Binary",
  "BiologicallyDerivedProduct:Domain identifier=Identifier* productCategory=#121 "
  "productCode=CodeableConcept status=#30 request=Reference* quantity=integer "
  "parent=Reference* collection=BiologicallyDerivedProduct_Collection "
  "processing=BiologicallyDerivedProduct_Processing* "
  "manipulation=BiologicallyDerivedProduct_Manipulation "
  "storage=BiologicallyDerivedProduct_Storage*",
  "BiologicallyDerivedProduct_Collection:Backbone collector=Reference source=Reference "
  "collected=[dateTime|Period]",
  "BiologicallyDerivedProduct_Processing:Backbone description=string procedure=CodeableConcept "
  "additive=Reference time=[dateTime|Period]",
  "BiologicallyDerivedProduct_Manipulation:Backbone description=string time=[dateTime|Period]",
  "BiologicallyDerivedProduct_Storage:Backbone description=string temperature=decimal "
  "scale=#71 duration=Period",
  "BodyStructure:Domain identifier=Identifier* active=boolean morphology=CodeableConcept "
  "location=CodeableConcept locationQualifier=CodeableConcept* description=string "
  "image=Attachment* patient=Reference!",
  "Bundle:Resource identifier=Identifier type=#57! timestamp=instant total=unsignedInt "
  "link=Bundle_Link* entry=Bundle_Entry* signature=Signature",
  "Bundle_Link:Backbone relation=string! url=uri!",
  "Bundle_Entry:Backbone link=Bundle_Link* fullUrl=uri resource=ResourceList "
  "search=Bundle_Search request=Bundle_Request response=Bundle_Response",
  "Bundle_Search:Backbone mode=#98 score=decimal",
  "Bundle_Request:Backbone method=#6! url=uri! ifNoneMatch=string ifModifiedSince=instant "
  "ifMatch=string ifNoneExist=string",
  "Bundle_Response:Backbone status=string! location=uri etag=string lastModified=instant "
  "outcome=ResourceList",
  "CapabilityStatement:Domain url=uri version=string name=string title=string status=#59! "
  "experimental=boolean date=dateTime! publisher=string contact=ContactDetail* "
  "description=markdown useContext=UsageContext* jurisdiction=CodeableConcept* "
  "purpose=markdown copyright=markdown kind=#90! instantiates=canonical* imports=canonical* "
  "software=CapabilityStatement_Software implementation=CapabilityStatement_Implementation "
  "fhirVersion=#1! format=code+ patchFormat=code* implementationGuide=canonical* "
  "rest=CapabilityStatement_Rest* messaging=CapabilityStatement_Messaging* "
  "document=CapabilityStatement_Document*",
  "CapabilityStatement_Software:Backbone name=string! version=string releaseDate=dateTime",
  "CapabilityStatement_Implementation:Backbone description=string! url=url custodian=Reference",
  "CapabilityStatement_Rest:Backbone mode=#39! documentation=markdown "
  "security=CapabilityStatement_Security resource=CapabilityStatement_Resource* "
  "interaction=CapabilityStatement_Interaction1* searchParam=CapabilityStatement_SearchParam* "
  "operation=CapabilityStatement_Operation* compartment=canonical*",
  "CapabilityStatement_Security:Backbone cors=boolean service=CodeableConcept* "
  "description=markdown",
  "CapabilityStatement_Resource:Backbone type=code! profile=canonical "
  "supportedProfile=canonical* documentation=markdown "
  "interaction=CapabilityStatement_Interaction* versioning=#106 readHistory=boolean "
  "updateCreate=boolean conditionalCreate=boolean conditionalRead=#113 "
  "conditionalUpdate=boolean conditionalDelete=#114 referencePolicy=#95* searchInclude=string* "
  "searchRevInclude=string* searchParam=CapabilityStatement_SearchParam* "
  "operation=CapabilityStatement_Operation*",
  "CapabilityStatement_Interaction:Backbone code=#145! documentation=markdown",
  "CapabilityStatement_SearchParam:Backbone name=string! definition=canonical type=#115! "
  "documentation=markdown",
  "CapabilityStatement_Operation:Backbone name=string! definition=canonical! "
  "documentation=markdown",
  "CapabilityStatement_Interaction1:Backbone code=#170! documentation=markdown",
  "CapabilityStatement_Messaging:Backbone endpoint=CapabilityStatement_Endpoint* "
  "reliableCache=unsignedInt documentation=markdown "
  "supportedMessage=CapabilityStatement_SupportedMessage*",
  "CapabilityStatement_Endpoint:Backbone protocol=Coding! address=url!",
  "CapabilityStatement_SupportedMessage:Backbone mode=#160! definition=canonical!",
  "CapabilityStatement_Document:Backbone mode=#139! documentation=markdown profile=canonical!",
  "CarePlan:Domain identifier=Identifier* instantiatesCanonical=canonical* "
  "instantiatesUri=uri* basedOn=Reference* replaces=Reference* partOf=Reference* status=code! "
  "intent=code! category=CodeableConcept* title=string description=string subject=Reference! "
  "encounter=Reference period=Period created=dateTime author=Reference contributor=Reference* "
  "careTeam=Reference* addresses=Reference* supportingInfo=Reference* goal=Reference* "
  "activity=CarePlan_Activity* note=Annotation*",
  "CarePlan_Activity:Backbone outcomeCodeableConcept=CodeableConcept* "
  "outcomeReference=Reference* progress=Annotation* reference=Reference detail=CarePlan_Detail",
  "CarePlan_Detail:Backbone kind=code instantiatesCanonical=canonical* instantiatesUri=uri* "
  "code=CodeableConcept reasonCode=CodeableConcept* reasonReference=Reference* goal=Reference* "
  "status=#112! statusReason=CodeableConcept doNotPerform=boolean scheduled=[Timing|Period|"
  "string] location=Reference performer=Reference* product=[CodeableConcept|Reference] "
  "dailyAmount=Quantity quantity=Quantity description=string",
  "CareTeam:Domain identifier=Identifier* status=#140 category=CodeableConcept* name=string "
  "subject=Reference encounter=Reference period=Period participant=CareTeam_Participant* "
  "reasonCode=CodeableConcept* reasonReference=Reference* managingOrganization=Reference* "
  "telecom=ContactPoint* note=Annotation*",
  "CareTeam_Participant:Backbone role=CodeableConcept* member=Reference onBehalfOf=Reference "
  "period=Period",
  "CatalogEntry:Domain identifier=Identifier* type=CodeableConcept orderable=boolean! "
  "referencedItem=Reference! additionalIdentifier=Identifier* classification=CodeableConcept* "
  "status=#59 validityPeriod=Period validTo=dateTime lastUpdated=dateTime "
  "additionalCharacteristic=CodeableConcept* additionalClassification=CodeableConcept* "
  "relatedEntry=CatalogEntry_RelatedEntry*",
  "CatalogEntry_RelatedEntry:Backbone relationtype=#171! item=Reference!",
  "ChargeItem:Domain identifier=Identifier* definitionUri=uri* definitionCanonical=canonical* "
  "status=#132! partOf=Reference* code=CodeableConcept! subject=Reference! context=Reference "
  "occurrence=[dateTime|Period|Timing] performer=ChargeItem_Performer* "
  "performingOrganization=Reference requestingOrganization=Reference costCenter=Reference "
  "quantity=Quantity bodysite=CodeableConcept* factorOverride=decimal priceOverride=Money "
  "overrideReason=string enterer=Reference enteredDate=dateTime reason=CodeableConcept* "
  "service=Reference* product=[Reference|CodeableConcept] account=Reference* note=Annotation* "
  "supportingInformation=Reference*",
  "ChargeItem_Performer:Backbone function=CodeableConcept actor=Reference!",
  "ChargeItemDefinition:Domain url=uri! identifier=Identifier* version=string title=string "
  "derivedFromUri=uri* partOf=canonical* replaces=canonical* status=#59! experimental=boolean "
  "date=dateTime publisher=string contact=ContactDetail* description=markdown "
  "useContext=UsageContext* jurisdiction=CodeableConcept* copyright=markdown approvalDate=date "
  "lastReviewDate=date effectivePeriod=Period code=CodeableConcept instance=Reference* "
  "applicability=ChargeItemDefinition_Applicability* "
  "propertyGroup=ChargeItemDefinition_PropertyGroup*",
  "ChargeItemDefinition_Applicability:Backbone description=string language=string "
  "expression=string",
  "ChargeItemDefinition_PropertyGroup:Backbone "
  "applicability=ChargeItemDefinition_Applicability* "
  "priceComponent=ChargeItemDefinition_PriceComponent*",
  "ChargeItemDefinition_PriceComponent:Backbone type=code! code=CodeableConcept factor=decimal "
  "amount=Money",
  "Claim:Domain identifier=Identifier* status=code! type=CodeableConcept! "
  "subType=CodeableConcept use=#38! patient=Reference! billablePeriod=Period created=dateTime! "
  "enterer=Reference insurer=Reference provider=Reference! priority=CodeableConcept! "
  "fundsReserve=CodeableConcept related=Claim_Related* prescription=Reference "
  "originalPrescription=Reference payee=Claim_Payee referral=Reference facility=Reference "
  "careTeam=Claim_CareTeam* supportingInfo=Claim_SupportingInfo* diagnosis=Claim_Diagnosis* "
  "procedure=Claim_Procedure* insurance=Claim_Insurance+ accident=Claim_Accident "
  "item=Claim_Item* total=Money",
  "Claim_Related:Backbone claim=Reference relationship=CodeableConcept reference=Identifier",
  "Claim_Payee:Backbone type=CodeableConcept! party=Reference",
  "Claim_CareTeam:Backbone sequence=positiveInt! provider=Reference! responsible=boolean "
  "role=CodeableConcept qualification=CodeableConcept",
  "Claim_SupportingInfo:Backbone sequence=positiveInt! category=CodeableConcept! "
  "code=CodeableConcept timing=[date|Period] value=[boolean|string|Quantity|Attachment|"
  "Reference] reason=CodeableConcept",
  "Claim_Diagnosis:Backbone sequence=positiveInt! diagnosis=[CodeableConcept|Reference]! "
  "type=CodeableConcept* onAdmission=CodeableConcept packageCode=CodeableConcept",
  "Claim_Procedure:Backbone sequence=positiveInt! type=CodeableConcept* date=dateTime "
  "procedure=[CodeableConcept|Reference]! udi=Reference*",
  "Claim_Insurance:Backbone sequence=positiveInt! focal=boolean! identifier=Identifier "
  "coverage=Reference! businessArrangement=string preAuthRef=string* claimResponse=Reference",
  "Claim_Accident:Backbone date=date! type=CodeableConcept location=[Address|Reference]",
  "Claim_Item:Backbone sequence=positiveInt! careTeamSequence=positiveInt* "
  "diagnosisSequence=positiveInt* procedureSequence=positiveInt* "
  "informationSequence=positiveInt* revenue=CodeableConcept category=CodeableConcept "
  "productOrService=CodeableConcept! modifier=CodeableConcept* programCode=CodeableConcept* "
  "serviced=[date|Period] location=[CodeableConcept|Address|Reference] quantity=Quantity "
  "unitPrice=Money factor=decimal net=Money udi=Reference* bodySite=CodeableConcept "
  "subSite=CodeableConcept* encounter=Reference* detail=Claim_Detail*",
  "Claim_Detail:Backbone sequence=positiveInt! revenue=CodeableConcept "
  "category=CodeableConcept productOrService=CodeableConcept! modifier=CodeableConcept* "
  "programCode=CodeableConcept* quantity=Quantity unitPrice=Money factor=decimal net=Money "
  "udi=Reference* subDetail=Claim_SubDetail*",
  "Claim_SubDetail:Backbone sequence=positiveInt! revenue=CodeableConcept "
  "category=CodeableConcept productOrService=CodeableConcept! modifier=CodeableConcept* "
  "programCode=CodeableConcept* quantity=Quantity unitPrice=Money factor=decimal net=Money "
  "udi=Reference*",
  "ClaimResponse:Domain identifier=Identifier* status=code! type=CodeableConcept! "
  "subType=CodeableConcept use=code! patient=Reference! created=dateTime! insurer=Reference! "
  "requestor=Reference request=Reference outcome=code! disposition=string preAuthRef=string "
  "preAuthPeriod=Period payeeType=CodeableConcept item=ClaimResponse_Item* "
  "addItem=ClaimResponse_AddItem* adjudication=ClaimResponse_Adjudication* "
  "total=ClaimResponse_Total* payment=ClaimResponse_Payment fundsReserve=CodeableConcept "
  "formCode=CodeableConcept form=Attachment processNote=ClaimResponse_ProcessNote* "
  "communicationRequest=Reference* insurance=ClaimResponse_Insurance* "
  "error=ClaimResponse_Error*",
  "ClaimResponse_Item:Backbone itemSequence=positiveInt! noteNumber=positiveInt* "
  "adjudication=ClaimResponse_Adjudication+ detail=ClaimResponse_Detail*",
  "ClaimResponse_Adjudication:Backbone category=CodeableConcept! reason=CodeableConcept "
  "amount=Money value=decimal",
  "ClaimResponse_Detail:Backbone detailSequence=positiveInt! noteNumber=positiveInt* "
  "adjudication=ClaimResponse_Adjudication+ subDetail=ClaimResponse_SubDetail*",
  "ClaimResponse_SubDetail:Backbone subDetailSequence=positiveInt! noteNumber=positiveInt* "
  "adjudication=ClaimResponse_Adjudication*",
  "ClaimResponse_AddItem:Backbone itemSequence=positiveInt* detailSequence=positiveInt* "
  "subdetailSequence=positiveInt* provider=Reference* productOrService=CodeableConcept! "
  "modifier=CodeableConcept* programCode=CodeableConcept* serviced=[date|Period] "
  "location=[CodeableConcept|Address|Reference] quantity=Quantity unitPrice=Money "
  "factor=decimal net=Money bodySite=CodeableConcept subSite=CodeableConcept* "
  "noteNumber=positiveInt* adjudication=ClaimResponse_Adjudication+ "
  "detail=ClaimResponse_Detail1*",
  "ClaimResponse_Detail1:Backbone productOrService=CodeableConcept! modifier=CodeableConcept* "
  "quantity=Quantity unitPrice=Money factor=decimal net=Money noteNumber=positiveInt* "
  "adjudication=ClaimResponse_Adjudication+ subDetail=ClaimResponse_SubDetail1*",
  "ClaimResponse_SubDetail1:Backbone productOrService=CodeableConcept! "
  "modifier=CodeableConcept* quantity=Quantity unitPrice=Money factor=decimal net=Money "
  "noteNumber=positiveInt* adjudication=ClaimResponse_Adjudication+",
  "ClaimResponse_Total:Backbone category=CodeableConcept! amount=Money!",
  "ClaimResponse_Payment:Backbone type=CodeableConcept! adjustment=Money "
  "adjustmentReason=CodeableConcept date=date amount=Money! identifier=Identifier",
  "ClaimResponse_ProcessNote:Backbone number=positiveInt type=#56 text=string! "
  "language=CodeableConcept",
  "ClaimResponse_Insurance:Backbone sequence=positiveInt! focal=boolean! coverage=Reference! "
  "businessArrangement=string claimResponse=Reference",
  "ClaimResponse_Error:Backbone itemSequence=positiveInt detailSequence=positiveInt "
  "subDetailSequence=positiveInt code=CodeableConcept!",
  "ClinicalImpression:Domain identifier=Identifier* status=code! statusReason=CodeableConcept "
  "code=CodeableConcept description=string subject=Reference! encounter=Reference "
  "effective=[dateTime|Period] date=dateTime assessor=Reference previous=Reference "
  "problem=Reference* investigation=ClinicalImpression_Investigation* protocol=uri* "
  "summary=string finding=ClinicalImpression_Finding* "
  "prognosisCodeableConcept=CodeableConcept* prognosisReference=Reference* "
  "supportingInfo=Reference* note=Annotation*",
  "ClinicalImpression_Investigation:Backbone code=CodeableConcept! item=Reference*",
  "ClinicalImpression_Finding:Backbone item=[CodeableConcept|Reference] basis=string",
  "CodeSystem:Domain url=uri identifier=Identifier* version=string name=string title=string "
  "status=#59! experimental=boolean date=dateTime publisher=string contact=ContactDetail* "
  "description=markdown useContext=UsageContext* jurisdiction=CodeableConcept* "
  "purpose=markdown copyright=markdown caseSensitive=boolean valueSet=canonical "
  "hierarchyMeaning=#79 compositional=boolean versionNeeded=boolean content=#111! "
  "supplements=canonical count=unsignedInt filter=CodeSystem_Filter* "
  "property=CodeSystem_Property* concept=CodeSystem_Concept*",
  "CodeSystem_Filter:Backbone code=code! description=string operator=code+ value=string!",
  "CodeSystem_Property:Backbone code=code! uri=uri description=string type=#41!",
  "CodeSystem_Concept:Backbone code=code! display=string definition=string "
  "designation=CodeSystem_Designation* property=CodeSystem_Property1* "
  "concept=CodeSystem_Concept*",
  "CodeSystem_Designation:Backbone language=code use=Coding value=string!",
  "CodeSystem_Property1:Backbone code=code! value=[code|Coding|string|integer|boolean|dateTime|"
  "decimal]!",
  "Communication:Domain identifier=Identifier* instantiatesCanonical=canonical* "
  "instantiatesUri=uri* basedOn=Reference* partOf=Reference* inResponseTo=Reference* "
  "status=code! statusReason=CodeableConcept category=CodeableConcept* priority=code "
  "medium=CodeableConcept* subject=Reference topic=CodeableConcept about=Reference* "
  "encounter=Reference sent=dateTime received=dateTime recipient=Reference* sender=Reference "
  "reasonCode=CodeableConcept* reasonReference=Reference* payload=Communication_Payload* "
  "note=Annotation*",
  "Communication_Payload:Backbone content=[string|Attachment|Reference]!",
  "CommunicationRequest:Domain identifier=Identifier* basedOn=Reference* replaces=Reference* "
  "groupIdentifier=Identifier status=code! statusReason=CodeableConcept "
  "category=CodeableConcept* priority=code doNotPerform=boolean medium=CodeableConcept* "
  "subject=Reference about=Reference* encounter=Reference "
  "payload=CommunicationRequest_Payload* occurrence=[dateTime|Period] authoredOn=dateTime "
  "requester=Reference recipient=Reference* sender=Reference reasonCode=CodeableConcept* "
  "reasonReference=Reference* note=Annotation*",
  "CommunicationRequest_Payload:Backbone content=[string|Attachment|Reference]!",
  "CompartmentDefinition:Domain url=uri! version=string name=string! status=#59! "
  "experimental=boolean date=dateTime publisher=string contact=ContactDetail* "
  "description=markdown useContext=UsageContext* purpose=markdown code=#8! search=boolean! "
  "resource=CompartmentDefinition_Resource*",
  "CompartmentDefinition_Resource:Backbone code=code! param=string* documentation=string",
  "Composition:Domain identifier=Identifier status=#137! type=CodeableConcept! "
  "category=CodeableConcept* subject=Reference encounter=Reference date=dateTime! "
  "author=Reference+ title=string! confidentiality=code attester=Composition_Attester* "
  "custodian=Reference relatesTo=Composition_RelatesTo* event=Composition_Event* "
  "section=Composition_Section*",
  "Composition_Attester:Backbone mode=#128! time=dateTime party=Reference",
  "Composition_RelatesTo:Backbone code=code! target=[Identifier|Reference]!",
  "Composition_Event:Backbone code=CodeableConcept* period=Period detail=Reference*",
  "Composition_Section:Backbone title=string code=CodeableConcept author=Reference* "
  "focus=Reference text=Narrative mode=code orderedBy=CodeableConcept entry=Reference* "
  "emptyReason=CodeableConcept section=Composition_Section*",
  "ConceptMap:Domain url=uri identifier=Identifier version=string name=string title=string "
  "status=#59! experimental=boolean date=dateTime publisher=string contact=ContactDetail* "
  "description=markdown useContext=UsageContext* jurisdiction=CodeableConcept* "
  "purpose=markdown copyright=markdown source=[uri|canonical] target=[uri|canonical] "
  "group=ConceptMap_Group*",
  "ConceptMap_Group:Backbone source=uri sourceVersion=string target=uri targetVersion=string "
  "element=ConceptMap_Element+ unmapped=ConceptMap_Unmapped",
  "ConceptMap_Element:Backbone code=code display=string target=ConceptMap_Target*",
  "ConceptMap_Target:Backbone code=code display=string equivalence=#150! comment=string "
  "dependsOn=ConceptMap_DependsOn* product=ConceptMap_DependsOn*",
  "ConceptMap_DependsOn:Backbone property=uri! system=canonical value=string! display=string",
  "ConceptMap_Unmapped:Backbone mode=#143! code=code display=string url=canonical",
  "Condition:Domain identifier=Identifier* clinicalStatus=CodeableConcept "
  "verificationStatus=CodeableConcept category=CodeableConcept* severity=CodeableConcept "
  "code=CodeableConcept bodySite=CodeableConcept* subject=Reference! encounter=Reference "
  "onset=[dateTime|Age|Period|Range|string] abatement=[dateTime|Age|Period|Range|string] "
  "recordedDate=dateTime recorder=Reference asserter=Reference stage=Condition_Stage* "
  "evidence=Condition_Evidence* note=Annotation*",
  "Condition_Stage:Backbone summary=CodeableConcept assessment=Reference* type=CodeableConcept",
  "Condition_Evidence:Backbone code=CodeableConcept* detail=Reference*",
  "Consent:Domain identifier=Identifier* status=#62! scope=CodeableConcept! "
  "category=CodeableConcept+ patient=Reference dateTime=dateTime performer=Reference* "
  "organization=Reference* source=[Attachment|Reference] policy=Consent_Policy* "
  "policyRule=CodeableConcept verification=Consent_Verification* provision=Consent_Provision",
  "Consent_Policy:Backbone authority=uri uri=uri",
  "Consent_Verification:Backbone verified=boolean! verifiedWith=Reference "
  "verificationDate=dateTime",
  "Consent_Provision:Backbone type=#52 period=Period actor=Consent_Actor* "
  "action=CodeableConcept* securityLabel=Coding* purpose=Coding* class=Coding* "
  "code=CodeableConcept* dataPeriod=Period data=Consent_Data* provision=Consent_Provision*",
  "Consent_Actor:Backbone role=CodeableConcept! reference=Reference!",
  "Consent_Data:Backbone meaning=#92! reference=Reference!",
  "Contract:Domain identifier=Identifier* url=uri version=string status=code "
  "legalState=CodeableConcept instantiatesCanonical=Reference instantiatesUri=uri "
  "contentDerivative=CodeableConcept issued=dateTime applies=Period "
  "expirationType=CodeableConcept subject=Reference* authority=Reference* domain=Reference* "
  "site=Reference* name=string title=string subtitle=string alias=string* author=Reference "
  "scope=CodeableConcept topic=[CodeableConcept|Reference] type=CodeableConcept "
  "subType=CodeableConcept* contentDefinition=Contract_ContentDefinition term=Contract_Term* "
  "supportingInfo=Reference* relevantHistory=Reference* signer=Contract_Signer* "
  "friendly=Contract_Friendly* legal=Contract_Legal* rule=Contract_Rule* "
  "legallyBinding=[Attachment|Reference]",
  "Contract_ContentDefinition:Backbone type=CodeableConcept! subType=CodeableConcept "
  "publisher=Reference publicationDate=dateTime publicationStatus=code! copyright=markdown",
  "Contract_Term:Backbone identifier=Identifier issued=dateTime applies=Period "
  "topic=[CodeableConcept|Reference] type=CodeableConcept subType=CodeableConcept text=string "
  "securityLabel=Contract_SecurityLabel* offer=Contract_Offer! asset=Contract_Asset* "
  "action=Contract_Action* group=Contract_Term*",
  "Contract_SecurityLabel:Backbone number=unsignedInt* classification=Coding! category=Coding* "
  "control=Coding*",
  "Contract_Offer:Backbone identifier=Identifier* party=Contract_Party* topic=Reference "
  "type=CodeableConcept decision=CodeableConcept decisionMode=CodeableConcept* "
  "answer=Contract_Answer* text=string linkId=string* securityLabelNumber=unsignedInt*",
  "Contract_Party:Backbone reference=Reference+ role=CodeableConcept!",
  "Contract_Answer:Backbone value=[boolean|decimal|integer|date|dateTime|time|string|uri|"
  "Attachment|Coding|Quantity|Reference]!",
  "Contract_Asset:Backbone scope=CodeableConcept type=CodeableConcept* "
  "typeReference=Reference* subtype=CodeableConcept* relationship=Coding "
  "context=Contract_Context* condition=string periodType=CodeableConcept* period=Period* "
  "usePeriod=Period* text=string linkId=string* answer=Contract_Answer* "
  "securityLabelNumber=unsignedInt* valuedItem=Contract_ValuedItem*",
  "Contract_Context:Backbone reference=Reference code=CodeableConcept* text=string",
  "Contract_ValuedItem:Backbone entity=[CodeableConcept|Reference] identifier=Identifier "
  "effectiveTime=dateTime quantity=Quantity unitPrice=Money factor=decimal points=decimal "
  "net=Money payment=string paymentDate=dateTime responsible=Reference recipient=Reference "
  "linkId=string* securityLabelNumber=unsignedInt*",
  "Contract_Action:Backbone doNotPerform=boolean type=CodeableConcept! "
  "subject=Contract_Subject* intent=CodeableConcept! linkId=string* status=CodeableConcept! "
  "context=Reference contextLinkId=string* occurrence=[dateTime|Period|Timing] "
  "requester=Reference* requesterLinkId=string* performerType=CodeableConcept* "
  "performerRole=CodeableConcept performer=Reference performerLinkId=string* "
  "reasonCode=CodeableConcept* reasonReference=Reference* reason=string* reasonLinkId=string* "
  "note=Annotation* securityLabelNumber=unsignedInt*",
  "Contract_Subject:Backbone reference=Reference+ role=CodeableConcept",
  "Contract_Signer:Backbone type=Coding! party=Reference! signature=Signature+",
  "Contract_Friendly:Backbone content=[Attachment|Reference]!",
  "Contract_Legal:Backbone content=[Attachment|Reference]!",
  "Contract_Rule:Backbone content=[Attachment|Reference]!",
  "Coverage:Domain identifier=Identifier* status=code! type=CodeableConcept "
  "policyHolder=Reference subscriber=Reference subscriberId=string beneficiary=Reference! "
  "dependent=string relationship=CodeableConcept period=Period payor=Reference+ "
  "class=Coverage_Class* order=positiveInt network=string "
  "costToBeneficiary=Coverage_CostToBeneficiary* subrogation=boolean contract=Reference*",
  "Coverage_Class:Backbone type=CodeableConcept! value=string! name=string",
  "Coverage_CostToBeneficiary:Backbone type=CodeableConcept value=[Quantity|Money]! "
  "exception=Coverage_Exception*",
  "Coverage_Exception:Backbone type=CodeableConcept! period=Period",
  "CoverageEligibilityRequest:Domain identifier=Identifier* status=code! "
  "priority=CodeableConcept purpose=#28+ patient=Reference! serviced=[date|Period] "
  "created=dateTime! enterer=Reference provider=Reference insurer=Reference! "
  "facility=Reference supportingInfo=CoverageEligibilityRequest_SupportingInfo* "
  "insurance=CoverageEligibilityRequest_Insurance* item=CoverageEligibilityRequest_Item*",
  "CoverageEligibilityRequest_SupportingInfo:Backbone sequence=positiveInt! "
  "information=Reference! appliesToAll=boolean",
  "CoverageEligibilityRequest_Insurance:Backbone focal=boolean coverage=Reference! "
  "businessArrangement=string",
  "CoverageEligibilityRequest_Item:Backbone supportingInfoSequence=positiveInt* "
  "category=CodeableConcept productOrService=CodeableConcept modifier=CodeableConcept* "
  "provider=Reference quantity=Quantity unitPrice=Money facility=Reference "
  "diagnosis=CoverageEligibilityRequest_Diagnosis* detail=Reference*",
  "CoverageEligibilityRequest_Diagnosis:Backbone diagnosis=[CodeableConcept|Reference]",
  "CoverageEligibilityResponse:Domain identifier=Identifier* status=code! purpose=#28+ "
  "patient=Reference! serviced=[date|Period] created=dateTime! requestor=Reference "
  "request=Reference! outcome=#144! disposition=string insurer=Reference! "
  "insurance=CoverageEligibilityResponse_Insurance* preAuthRef=string form=CodeableConcept "
  "error=CoverageEligibilityResponse_Error*",
  "CoverageEligibilityResponse_Insurance:Backbone coverage=Reference! inforce=boolean "
  "benefitPeriod=Period item=CoverageEligibilityResponse_Item*",
  "CoverageEligibilityResponse_Item:Backbone category=CodeableConcept "
  "productOrService=CodeableConcept modifier=CodeableConcept* provider=Reference "
  "excluded=boolean name=string description=string network=CodeableConcept "
  "unit=CodeableConcept term=CodeableConcept benefit=CoverageEligibilityResponse_Benefit* "
  "authorizationRequired=boolean authorizationSupporting=CodeableConcept* authorizationUrl=uri",
  "CoverageEligibilityResponse_Benefit:Backbone type=CodeableConcept! allowed=[unsignedInt|"
  "string|Money] used=[unsignedInt|string|Money]",
  "CoverageEligibilityResponse_Error:Backbone code=CodeableConcept!",
  "DetectedIssue:Domain identifier=Identifier* status=code! code=CodeableConcept severity=#80 "
  "patient=Reference identified=[dateTime|Period] author=Reference implicated=Reference* "
  "evidence=DetectedIssue_Evidence* detail=string reference=uri "
  "mitigation=DetectedIssue_Mitigation*",
  "DetectedIssue_Evidence:Backbone code=CodeableConcept* detail=Reference*",
  "DetectedIssue_Mitigation:Backbone action=CodeableConcept! date=dateTime author=Reference",
  "Device:Domain identifier=Identifier* definition=Reference udiCarrier=Device_UdiCarrier* "
  "status=#17 statusReason=CodeableConcept* distinctIdentifier=string manufacturer=string "
  "manufactureDate=dateTime expirationDate=dateTime lotNumber=string serialNumber=string "
  "deviceName=Device_DeviceName* modelNumber=string partNumber=string type=CodeableConcept "
  "specialization=Device_Specialization* version=Device_Version* property=Device_Property* "
  "patient=Reference owner=Reference contact=ContactPoint* location=Reference url=uri "
  "note=Annotation* safety=CodeableConcept* parent=Reference",
  "Device_UdiCarrier:Backbone deviceIdentifier=string issuer=uri jurisdiction=uri "
  "carrierAIDC=base64Binary carrierHRF=string entryType=#32",
  0};
