/* fhir_check_table_2.c - made by tools/fhir-table from the JSON schema of FHIR R4 (HL7, CC0);
 * its form is told there. */
#include "interop/fhir_check_table.h"

/* clang-format off */
const char *const gm__fhir_type_rows_2[] = {
  "Device_DeviceName:Backbone name=string! type=#173!",
  "Device_Specialization:Backbone systemType=CodeableConcept! version=string",
  "Device_Version:Backbone type=CodeableConcept component=Identifier value=string!",
  "Device_Property:Backbone type=CodeableConcept! valueQuantity=Quantity* "
  "valueCode=CodeableConcept*",
  "DeviceDefinition:Domain identifier=Identifier* "
  "udiDeviceIdentifier=DeviceDefinition_UdiDeviceIdentifier* manufacturer=[string|Reference] "
  "deviceName=DeviceDefinition_DeviceName* modelNumber=string type=CodeableConcept "
  "specialization=DeviceDefinition_Specialization* version=string* safety=CodeableConcept* "
  "shelfLifeStorage=ProductShelfLife* physicalCharacteristics=ProdCharacteristic "
  "languageCode=CodeableConcept* capability=DeviceDefinition_Capability* "
  "property=DeviceDefinition_Property* owner=Reference contact=ContactPoint* url=uri "
  "onlineInformation=uri note=Annotation* quantity=Quantity parentDevice=Reference "
  "material=DeviceDefinition_Material*",
  "DeviceDefinition_UdiDeviceIdentifier:Backbone deviceIdentifier=string! issuer=uri! "
  "jurisdiction=uri!",
  "DeviceDefinition_DeviceName:Backbone name=string! type=#173!",
  "DeviceDefinition_Specialization:Backbone systemType=string! version=string",
  "DeviceDefinition_Capability:Backbone type=CodeableConcept! description=CodeableConcept*",
  "DeviceDefinition_Property:Backbone type=CodeableConcept! valueQuantity=Quantity* "
  "valueCode=CodeableConcept*",
  "DeviceDefinition_Material:Backbone substance=CodeableConcept! alternate=boolean "
  "allergenicIndicator=boolean",
  "DeviceMetric:Domain identifier=Identifier* type=CodeableConcept! unit=CodeableConcept "
  "source=Reference parent=Reference operationalStatus=#119 color=#35 category=#100! "
  "measurementPeriod=Timing calibration=DeviceMetric_Calibration*",
  "DeviceMetric_Calibration:Backbone type=#175 state=#109 time=instant",
  "DeviceRequest:Domain identifier=Identifier* instantiatesCanonical=canonical* "
  "instantiatesUri=uri* basedOn=Reference* priorRequest=Reference* groupIdentifier=Identifier "
  "status=code intent=code! priority=code code=[Reference|CodeableConcept]! "
  "parameter=DeviceRequest_Parameter* subject=Reference! encounter=Reference "
  "occurrence=[dateTime|Period|Timing] authoredOn=dateTime requester=Reference "
  "performerType=CodeableConcept performer=Reference reasonCode=CodeableConcept* "
  "reasonReference=Reference* insurance=Reference* supportingInfo=Reference* note=Annotation* "
  "relevantHistory=Reference*",
  "DeviceRequest_Parameter:Backbone code=CodeableConcept value=[CodeableConcept|Quantity|Range|"
  "boolean]",
  "DeviceUseStatement:Domain identifier=Identifier* basedOn=Reference* status=#14! "
  "subject=Reference! derivedFrom=Reference* timing=[Timing|Period|dateTime] "
  "recordedOn=dateTime source=Reference device=Reference! reasonCode=CodeableConcept* "
  "reasonReference=Reference* bodySite=CodeableConcept note=Annotation*",
  "DiagnosticReport:Domain identifier=Identifier* basedOn=Reference* status=#148! "
  "category=CodeableConcept* code=CodeableConcept! subject=Reference encounter=Reference "
  "effective=[dateTime|Period] issued=instant performer=Reference* "
  "resultsInterpreter=Reference* specimen=Reference* result=Reference* imagingStudy=Reference* "
  "media=DiagnosticReport_Media* conclusion=string conclusionCode=CodeableConcept* "
  "presentedForm=Attachment*",
  "DiagnosticReport_Media:Backbone comment=string link=Reference!",
  "DocumentManifest:Domain masterIdentifier=Identifier identifier=Identifier* status=#50! "
  "type=CodeableConcept subject=Reference created=dateTime author=Reference* "
  "recipient=Reference* source=uri description=string content=Reference+ "
  "related=DocumentManifest_Related*",
  "DocumentManifest_Related:Backbone identifier=Identifier ref=Reference",
  "DocumentReference:Domain masterIdentifier=Identifier identifier=Identifier* status=#50! "
  "docStatus=code type=CodeableConcept category=CodeableConcept* subject=Reference "
  "date=instant author=Reference* authenticator=Reference custodian=Reference "
  "relatesTo=DocumentReference_RelatesTo* description=string securityLabel=CodeableConcept* "
  "content=DocumentReference_Content+ context=DocumentReference_Context",
  "DocumentReference_RelatesTo:Backbone code=#152! target=Reference!",
  "DocumentReference_Content:Backbone attachment=Attachment! format=Coding",
  "DocumentReference_Context:Backbone encounter=Reference* event=CodeableConcept* "
  "period=Period facilityType=CodeableConcept practiceSetting=CodeableConcept "
  "sourcePatientInfo=Reference related=Reference*",
  "EffectEvidenceSynthesis:Domain url=uri identifier=Identifier* version=string name=string "
  "title=string status=#59! date=dateTime publisher=string contact=ContactDetail* "
  "description=markdown note=Annotation* useContext=UsageContext* "
  "jurisdiction=CodeableConcept* copyright=markdown approvalDate=date lastReviewDate=date "
  "effectivePeriod=Period topic=CodeableConcept* author=ContactDetail* editor=ContactDetail* "
  "reviewer=ContactDetail* endorser=ContactDetail* relatedArtifact=RelatedArtifact* "
  "synthesisType=CodeableConcept studyType=CodeableConcept population=Reference! "
  "exposure=Reference! exposureAlternative=Reference! outcome=Reference! "
  "sampleSize=EffectEvidenceSynthesis_SampleSize "
  "resultsByExposure=EffectEvidenceSynthesis_ResultsByExposure* "
  "effectEstimate=EffectEvidenceSynthesis_EffectEstimate* "
  "certainty=EffectEvidenceSynthesis_Certainty*",
  "EffectEvidenceSynthesis_SampleSize:Backbone description=string numberOfStudies=integer "
  "numberOfParticipants=integer",
  "EffectEvidenceSynthesis_ResultsByExposure:Backbone description=string exposureState=#70 "
  "variantState=CodeableConcept riskEvidenceSynthesis=Reference!",
  "EffectEvidenceSynthesis_EffectEstimate:Backbone description=string type=CodeableConcept "
  "variantState=CodeableConcept value=decimal unitOfMeasure=CodeableConcept "
  "precisionEstimate=EffectEvidenceSynthesis_PrecisionEstimate*",
  "EffectEvidenceSynthesis_PrecisionEstimate:Backbone type=CodeableConcept level=decimal "
  "from=decimal to=decimal",
  "EffectEvidenceSynthesis_Certainty:Backbone rating=CodeableConcept* note=Annotation* "
  "certaintySubcomponent=EffectEvidenceSynthesis_CertaintySubcomponent*",
  "EffectEvidenceSynthesis_CertaintySubcomponent:Backbone type=CodeableConcept "
  "rating=CodeableConcept* note=Annotation*",
  "Encounter:Domain identifier=Identifier* status=#131! statusHistory=Encounter_StatusHistory* "
  "class=Coding! classHistory=Encounter_ClassHistory* type=CodeableConcept* "
  "serviceType=CodeableConcept priority=CodeableConcept subject=Reference "
  "episodeOfCare=Reference* basedOn=Reference* participant=Encounter_Participant* "
  "appointment=Reference* period=Period length=Duration reasonCode=CodeableConcept* "
  "reasonReference=Reference* diagnosis=Encounter_Diagnosis* account=Reference* "
  "hospitalization=Encounter_Hospitalization location=Encounter_Location* "
  "serviceProvider=Reference partOf=Reference",
  "Encounter_StatusHistory:Backbone status=#131! period=Period!",
  "Encounter_ClassHistory:Backbone class=Coding! period=Period!",
  "Encounter_Participant:Backbone type=CodeableConcept* period=Period individual=Reference",
  "Encounter_Diagnosis:Backbone condition=Reference! use=CodeableConcept rank=positiveInt",
  "Encounter_Hospitalization:Backbone preAdmissionIdentifier=Identifier origin=Reference "
  "admitSource=CodeableConcept reAdmission=CodeableConcept dietPreference=CodeableConcept* "
  "specialCourtesy=CodeableConcept* specialArrangement=CodeableConcept* destination=Reference "
  "dischargeDisposition=CodeableConcept",
  "Encounter_Location:Backbone location=Reference! status=#130 physicalType=CodeableConcept "
  "period=Period",
  "Endpoint:Domain identifier=Identifier* status=#18! connectionType=Coding! name=string "
  "managingOrganization=Reference contact=ContactPoint* period=Period "
  "payloadType=CodeableConcept+ payloadMimeType=code* address=url! header=string*",
  "EnrollmentRequest:Domain identifier=Identifier* status=code created=dateTime "
  "insurer=Reference provider=Reference candidate=Reference coverage=Reference",
  "EnrollmentResponse:Domain identifier=Identifier* status=code request=Reference outcome=#144 "
  "disposition=string created=dateTime organization=Reference requestProvider=Reference",
  "EpisodeOfCare:Domain identifier=Identifier* status=#133! "
  "statusHistory=EpisodeOfCare_StatusHistory* type=CodeableConcept* "
  "diagnosis=EpisodeOfCare_Diagnosis* patient=Reference! managingOrganization=Reference "
  "period=Period referralRequest=Reference* careManager=Reference team=Reference* "
  "account=Reference*",
  "EpisodeOfCare_StatusHistory:Backbone status=#133! period=Period!",
  "EpisodeOfCare_Diagnosis:Backbone condition=Reference! role=CodeableConcept rank=positiveInt",
  "EventDefinition:Domain url=uri identifier=Identifier* version=string name=string "
  "title=string subtitle=string status=#59! experimental=boolean subject=[CodeableConcept|"
  "Reference] date=dateTime publisher=string contact=ContactDetail* description=markdown "
  "useContext=UsageContext* jurisdiction=CodeableConcept* purpose=markdown usage=string "
  "copyright=markdown approvalDate=date lastReviewDate=date effectivePeriod=Period "
  "topic=CodeableConcept* author=ContactDetail* editor=ContactDetail* reviewer=ContactDetail* "
  "endorser=ContactDetail* relatedArtifact=RelatedArtifact* trigger=TriggerDefinition+",
  "Evidence:Domain url=uri identifier=Identifier* version=string name=string title=string "
  "shortTitle=string subtitle=string status=#59! date=dateTime publisher=string "
  "contact=ContactDetail* description=markdown note=Annotation* useContext=UsageContext* "
  "jurisdiction=CodeableConcept* copyright=markdown approvalDate=date lastReviewDate=date "
  "effectivePeriod=Period topic=CodeableConcept* author=ContactDetail* editor=ContactDetail* "
  "reviewer=ContactDetail* endorser=ContactDetail* relatedArtifact=RelatedArtifact* "
  "exposureBackground=Reference! exposureVariant=Reference* outcome=Reference*",
  "EvidenceVariable:Domain url=uri identifier=Identifier* version=string name=string "
  "title=string shortTitle=string subtitle=string status=#59! date=dateTime publisher=string "
  "contact=ContactDetail* description=markdown note=Annotation* useContext=UsageContext* "
  "jurisdiction=CodeableConcept* copyright=markdown approvalDate=date lastReviewDate=date "
  "effectivePeriod=Period topic=CodeableConcept* author=ContactDetail* editor=ContactDetail* "
  "reviewer=ContactDetail* endorser=ContactDetail* relatedArtifact=RelatedArtifact* type=#54 "
  "characteristic=EvidenceVariable_Characteristic+",
  "EvidenceVariable_Characteristic:Backbone description=string definition=[Reference|canonical|"
  "CodeableConcept|Expression|DataRequirement|TriggerDefinition]! usageContext=UsageContext* "
  "exclude=boolean participantEffective=[dateTime|Period|Duration|Timing] "
  "timeFromStart=Duration groupMeasure=#99",
  "ExampleScenario:Domain url=uri identifier=Identifier* version=string name=string "
  "status=#59! experimental=boolean date=dateTime publisher=string contact=ContactDetail* "
  "useContext=UsageContext* jurisdiction=CodeableConcept* copyright=markdown purpose=markdown "
  "actor=ExampleScenario_Actor* instance=ExampleScenario_Instance* "
  "process=ExampleScenario_Process* workflow=canonical*",
  "ExampleScenario_Actor:Backbone actorId=string! type=#127! name=string description=markdown",
  "ExampleScenario_Instance:Resource extension=Extension* modifierExtension=Extension* "
  "resourceId=string! name=string description=markdown version=ExampleScenario_Version* "
  "containedInstance=ExampleScenario_ContainedInstance*",
  "ExampleScenario_Version:Backbone versionId=string! description=markdown!",
  "ExampleScenario_ContainedInstance:Backbone resourceId=string! versionId=string",
  "ExampleScenario_Process:Backbone title=string! description=markdown preConditions=markdown "
  "postConditions=markdown step=ExampleScenario_Step*",
  "ExampleScenario_Step:Backbone process=ExampleScenario_Process* pause=boolean "
  "operation=ExampleScenario_Operation alternative=ExampleScenario_Alternative*",
  "ExampleScenario_Operation:Backbone number=string! type=string name=string initiator=string "
  "receiver=string description=markdown initiatorActive=boolean receiverActive=boolean "
  "request=ExampleScenario_ContainedInstance response=ExampleScenario_ContainedInstance",
  "ExampleScenario_Alternative:Backbone title=string! description=markdown "
  "step=ExampleScenario_Step*",
  "ExplanationOfBenefit:Domain identifier=Identifier* status=#13! type=CodeableConcept! "
  "subType=CodeableConcept use=code! patient=Reference! billablePeriod=Period "
  "created=dateTime! enterer=Reference insurer=Reference! provider=Reference! "
  "priority=CodeableConcept fundsReserveRequested=CodeableConcept fundsReserve=CodeableConcept "
  "related=ExplanationOfBenefit_Related* prescription=Reference originalPrescription=Reference "
  "payee=ExplanationOfBenefit_Payee referral=Reference facility=Reference claim=Reference "
  "claimResponse=Reference outcome=code! disposition=string preAuthRef=string* "
  "preAuthRefPeriod=Period* careTeam=ExplanationOfBenefit_CareTeam* "
  "supportingInfo=ExplanationOfBenefit_SupportingInfo* "
  "diagnosis=ExplanationOfBenefit_Diagnosis* procedure=ExplanationOfBenefit_Procedure* "
  "precedence=positiveInt insurance=ExplanationOfBenefit_Insurance+ "
  "accident=ExplanationOfBenefit_Accident item=ExplanationOfBenefit_Item* "
  "addItem=ExplanationOfBenefit_AddItem* adjudication=ExplanationOfBenefit_Adjudication* "
  "total=ExplanationOfBenefit_Total* payment=ExplanationOfBenefit_Payment "
  "formCode=CodeableConcept form=Attachment processNote=ExplanationOfBenefit_ProcessNote* "
  "benefitPeriod=Period benefitBalance=ExplanationOfBenefit_BenefitBalance*",
  "ExplanationOfBenefit_Related:Backbone claim=Reference relationship=CodeableConcept "
  "reference=Identifier",
  "ExplanationOfBenefit_Payee:Backbone type=CodeableConcept party=Reference",
  "ExplanationOfBenefit_CareTeam:Backbone sequence=positiveInt! provider=Reference! "
  "responsible=boolean role=CodeableConcept qualification=CodeableConcept",
  "ExplanationOfBenefit_SupportingInfo:Backbone sequence=positiveInt! "
  "category=CodeableConcept! code=CodeableConcept timing=[date|Period] value=[boolean|string|"
  "Quantity|Attachment|Reference] reason=Coding",
  "ExplanationOfBenefit_Diagnosis:Backbone sequence=positiveInt! diagnosis=[CodeableConcept|"
  "Reference]! type=CodeableConcept* onAdmission=CodeableConcept packageCode=CodeableConcept",
  "ExplanationOfBenefit_Procedure:Backbone sequence=positiveInt! type=CodeableConcept* "
  "date=dateTime procedure=[CodeableConcept|Reference]! udi=Reference*",
  "ExplanationOfBenefit_Insurance:Backbone focal=boolean! coverage=Reference! "
  "preAuthRef=string*",
  "ExplanationOfBenefit_Accident:Backbone date=date type=CodeableConcept location=[Address|"
  "Reference]",
  "ExplanationOfBenefit_Item:Backbone sequence=positiveInt! careTeamSequence=positiveInt* "
  "diagnosisSequence=positiveInt* procedureSequence=positiveInt* "
  "informationSequence=positiveInt* revenue=CodeableConcept category=CodeableConcept "
  "productOrService=CodeableConcept! modifier=CodeableConcept* programCode=CodeableConcept* "
  "serviced=[date|Period] location=[CodeableConcept|Address|Reference] quantity=Quantity "
  "unitPrice=Money factor=decimal net=Money udi=Reference* bodySite=CodeableConcept "
  "subSite=CodeableConcept* encounter=Reference* noteNumber=positiveInt* "
  "adjudication=ExplanationOfBenefit_Adjudication* detail=ExplanationOfBenefit_Detail*",
  "ExplanationOfBenefit_Adjudication:Backbone category=CodeableConcept! reason=CodeableConcept "
  "amount=Money value=decimal",
  "ExplanationOfBenefit_Detail:Backbone sequence=positiveInt! revenue=CodeableConcept "
  "category=CodeableConcept productOrService=CodeableConcept! modifier=CodeableConcept* "
  "programCode=CodeableConcept* quantity=Quantity unitPrice=Money factor=decimal net=Money "
  "udi=Reference* noteNumber=positiveInt* adjudication=ExplanationOfBenefit_Adjudication* "
  "subDetail=ExplanationOfBenefit_SubDetail*",
  "ExplanationOfBenefit_SubDetail:Backbone sequence=positiveInt! revenue=CodeableConcept "
  "category=CodeableConcept productOrService=CodeableConcept! modifier=CodeableConcept* "
  "programCode=CodeableConcept* quantity=Quantity unitPrice=Money factor=decimal net=Money "
  "udi=Reference* noteNumber=positiveInt* adjudication=ExplanationOfBenefit_Adjudication*",
  "ExplanationOfBenefit_AddItem:Backbone itemSequence=positiveInt* detailSequence=positiveInt* "
  "subDetailSequence=positiveInt* provider=Reference* productOrService=CodeableConcept! "
  "modifier=CodeableConcept* programCode=CodeableConcept* serviced=[date|Period] "
  "location=[CodeableConcept|Address|Reference] quantity=Quantity unitPrice=Money "
  "factor=decimal net=Money bodySite=CodeableConcept subSite=CodeableConcept* "
  "noteNumber=positiveInt* adjudication=ExplanationOfBenefit_Adjudication* "
  "detail=ExplanationOfBenefit_Detail1*",
  "ExplanationOfBenefit_Detail1:Backbone productOrService=CodeableConcept! "
  "modifier=CodeableConcept* quantity=Quantity unitPrice=Money factor=decimal net=Money "
  "noteNumber=positiveInt* adjudication=ExplanationOfBenefit_Adjudication* "
  "subDetail=ExplanationOfBenefit_SubDetail1*",
  "ExplanationOfBenefit_SubDetail1:Backbone productOrService=CodeableConcept! "
  "modifier=CodeableConcept* quantity=Quantity unitPrice=Money factor=decimal net=Money "
  "noteNumber=positiveInt* adjudication=ExplanationOfBenefit_Adjudication*",
  "ExplanationOfBenefit_Total:Backbone category=CodeableConcept! amount=Money!",
  "ExplanationOfBenefit_Payment:Backbone type=CodeableConcept adjustment=Money "
  "adjustmentReason=CodeableConcept date=date amount=Money identifier=Identifier",
  "ExplanationOfBenefit_ProcessNote:Backbone number=positiveInt type=#56 text=string "
  "language=CodeableConcept",
  "ExplanationOfBenefit_BenefitBalance:Backbone category=CodeableConcept! excluded=boolean "
  "name=string description=string network=CodeableConcept unit=CodeableConcept "
  "term=CodeableConcept financial=ExplanationOfBenefit_Financial*",
  "ExplanationOfBenefit_Financial:Backbone type=CodeableConcept! allowed=[unsignedInt|string|"
  "Money] used=[unsignedInt|Money]",
  "FamilyMemberHistory:Domain identifier=Identifier* instantiatesCanonical=canonical* "
  "instantiatesUri=uri* status=#122! dataAbsentReason=CodeableConcept patient=Reference! "
  "date=dateTime name=string relationship=CodeableConcept! sex=CodeableConcept born=[Period|"
  "date|string] age=[Age|Range|string] estimatedAge=boolean deceased=[boolean|Age|Range|date|"
  "string] reasonCode=CodeableConcept* reasonReference=Reference* note=Annotation* "
  "condition=FamilyMemberHistory_Condition*",
  "FamilyMemberHistory_Condition:Backbone code=CodeableConcept! outcome=CodeableConcept "
  "contributedToDeath=boolean onset=[Age|Range|Period|string] note=Annotation*",
  "Flag:Domain identifier=Identifier* status=#15! category=CodeableConcept* "
  "code=CodeableConcept! subject=Reference! period=Period encounter=Reference author=Reference",
  "Goal:Domain identifier=Identifier* lifecycleStatus=#142! achievementStatus=CodeableConcept "
  "category=CodeableConcept* priority=CodeableConcept description=CodeableConcept! "
  "subject=Reference! start=[date|CodeableConcept] target=Goal_Target* statusDate=date "
  "statusReason=string expressedBy=Reference addresses=Reference* note=Annotation* "
  "outcomeCode=CodeableConcept* outcomeReference=Reference*",
  "Goal_Target:Backbone measure=CodeableConcept detail=[Quantity|Range|CodeableConcept|string|"
  "boolean|integer|Ratio] due=[date|Duration]",
  "GraphDefinition:Domain url=uri version=string name=string! status=#59! experimental=boolean "
  "date=dateTime publisher=string contact=ContactDetail* description=markdown "
  "useContext=UsageContext* jurisdiction=CodeableConcept* purpose=markdown start=code! "
  "profile=canonical link=GraphDefinition_Link*",
  "GraphDefinition_Link:Backbone path=string sliceName=string min=integer max=string "
  "description=string target=GraphDefinition_Target*",
  "GraphDefinition_Target:Backbone type=code! params=string profile=canonical "
  "compartment=GraphDefinition_Compartment* link=GraphDefinition_Link*",
  "GraphDefinition_Compartment:Backbone use=#45! code=code! rule=#84! expression=string "
  "description=string",
  "Group:Domain identifier=Identifier* active=boolean type=#126! actual=boolean! "
  "code=CodeableConcept name=string quantity=unsignedInt managingEntity=Reference "
  "characteristic=Group_Characteristic* member=Group_Member*",
  "Group_Characteristic:Backbone code=CodeableConcept! value=[CodeableConcept|boolean|Quantity|"
  "Range|Reference]! exclude=boolean! period=Period",
  "Group_Member:Backbone entity=Reference! period=Period inactive=boolean",
  "GuidanceResponse:Domain requestIdentifier=Identifier identifier=Identifier* module=[uri|"
  "canonical|CodeableConcept]! status=#167! subject=Reference encounter=Reference "
  "occurrenceDateTime=dateTime performer=Reference reasonCode=CodeableConcept* "
  "reasonReference=Reference* note=Annotation* evaluationMessage=Reference* "
  "outputParameters=Reference result=Reference dataRequirement=DataRequirement*",
  "HealthcareService:Domain identifier=Identifier* active=boolean providedBy=Reference "
  "category=CodeableConcept* type=CodeableConcept* specialty=CodeableConcept* "
  "location=Reference* name=string comment=string extraDetails=markdown photo=Attachment "
  "telecom=ContactPoint* coverageArea=Reference* serviceProvisionCode=CodeableConcept* "
  "eligibility=HealthcareService_Eligibility* program=CodeableConcept* "
  "characteristic=CodeableConcept* communication=CodeableConcept* "
  "referralMethod=CodeableConcept* appointmentRequired=boolean "
  "availableTime=HealthcareService_AvailableTime* notAvailable=HealthcareService_NotAvailable* "
  "availabilityExceptions=string endpoint=Reference*",
  "HealthcareService_Eligibility:Backbone code=CodeableConcept comment=markdown",
  "HealthcareService_AvailableTime:Backbone daysOfWeek=#103* allDay=boolean "
  "availableStartTime=time availableEndTime=time",
  "HealthcareService_NotAvailable:Backbone description=string! during=Period",
  "ImagingStudy:Domain identifier=Identifier* status=#147! modality=Coding* subject=Reference! "
  "encounter=Reference started=dateTime basedOn=Reference* referrer=Reference "
  "interpreter=Reference* endpoint=Reference* numberOfSeries=unsignedInt "
  "numberOfInstances=unsignedInt procedureReference=Reference procedureCode=CodeableConcept* "
  "location=Reference reasonCode=CodeableConcept* reasonReference=Reference* note=Annotation* "
  "description=string series=ImagingStudy_Series*",
  "ImagingStudy_Series:Backbone uid=id! number=unsignedInt modality=Coding! description=string "
  "numberOfInstances=unsignedInt endpoint=Reference* bodySite=Coding laterality=Coding "
  "specimen=Reference* started=dateTime performer=ImagingStudy_Performer* "
  "instance=ImagingStudy_Instance*",
  "ImagingStudy_Performer:Backbone function=CodeableConcept actor=Reference!",
  "ImagingStudy_Instance:Backbone uid=id! sopClass=Coding! number=unsignedInt title=string",
  "Immunization:Domain identifier=Identifier* status=code! statusReason=CodeableConcept "
  "vaccineCode=CodeableConcept! patient=Reference! encounter=Reference occurrence=[dateTime|"
  "string]! recorded=dateTime primarySource=boolean reportOrigin=CodeableConcept "
  "location=Reference manufacturer=Reference lotNumber=string expirationDate=date "
  "site=CodeableConcept route=CodeableConcept doseQuantity=Quantity "
  "performer=Immunization_Performer* note=Annotation* reasonCode=CodeableConcept* "
  "reasonReference=Reference* isSubpotent=boolean subpotentReason=CodeableConcept* "
  "education=Immunization_Education* programEligibility=CodeableConcept* "
  "fundingSource=CodeableConcept reaction=Immunization_Reaction* "
  "protocolApplied=Immunization_ProtocolApplied*",
  "Immunization_Performer:Backbone function=CodeableConcept actor=Reference!",
  "Immunization_Education:Backbone documentType=string reference=uri publicationDate=dateTime "
  "presentationDate=dateTime",
  "Immunization_Reaction:Backbone date=dateTime detail=Reference reported=boolean",
  "Immunization_ProtocolApplied:Backbone series=string authority=Reference "
  "targetDisease=CodeableConcept* doseNumber=[positiveInt|string]! seriesDoses=[positiveInt|"
  "string]",
  "ImmunizationEvaluation:Domain identifier=Identifier* status=code! patient=Reference! "
  "date=dateTime authority=Reference targetDisease=CodeableConcept! "
  "immunizationEvent=Reference! doseStatus=CodeableConcept! doseStatusReason=CodeableConcept* "
  "description=string series=string doseNumber=[positiveInt|string] seriesDoses=[positiveInt|"
  "string]",
  "ImmunizationRecommendation:Domain identifier=Identifier* patient=Reference! date=dateTime! "
  "authority=Reference recommendation=ImmunizationRecommendation_Recommendation+",
  "ImmunizationRecommendation_Recommendation:Backbone vaccineCode=CodeableConcept* "
  "targetDisease=CodeableConcept contraindicatedVaccineCode=CodeableConcept* "
  "forecastStatus=CodeableConcept! forecastReason=CodeableConcept* "
  "dateCriterion=ImmunizationRecommendation_DateCriterion* description=string series=string "
  "doseNumber=[positiveInt|string] seriesDoses=[positiveInt|string] "
  "supportingImmunization=Reference* supportingPatientInformation=Reference*",
  "ImmunizationRecommendation_DateCriterion:Backbone code=CodeableConcept! value=dateTime!",
  "ImplementationGuide:Domain url=uri! version=string name=string! title=string status=#59! "
  "experimental=boolean date=dateTime publisher=string contact=ContactDetail* "
  "description=markdown useContext=UsageContext* jurisdiction=CodeableConcept* "
  "copyright=markdown packageId=id! license=#110 fhirVersion=#1+ "
  "dependsOn=ImplementationGuide_DependsOn* global=ImplementationGuide_Global* "
  "definition=ImplementationGuide_Definition manifest=ImplementationGuide_Manifest",
  "ImplementationGuide_DependsOn:Backbone uri=canonical! packageId=id version=string",
  "ImplementationGuide_Global:Backbone type=code! profile=canonical!",
  "ImplementationGuide_Definition:Backbone grouping=ImplementationGuide_Grouping* "
  "resource=ImplementationGuide_Resource+ page=ImplementationGuide_Page "
  "parameter=ImplementationGuide_Parameter* template=ImplementationGuide_Template*",
  "ImplementationGuide_Grouping:Backbone name=string! description=string",
  "ImplementationGuide_Resource:Backbone reference=Reference! fhirVersion=#1* name=string "
  "description=string example=[boolean|canonical] groupingId=id",
  "ImplementationGuide_Page:Backbone name=[url|Reference]! title=string! generation=#83! "
  "page=ImplementationGuide_Page*",
  "ImplementationGuide_Parameter:Backbone code=#26! value=string!",
  "ImplementationGuide_Template:Backbone code=code! source=string! scope=string",
  "ImplementationGuide_Manifest:Backbone rendering=url resource=ImplementationGuide_Resource1+ "
  "page=ImplementationGuide_Page1* image=string* other=string*",
  "ImplementationGuide_Resource1:Backbone reference=Reference! example=[boolean|canonical] "
  "relativePath=url",
  "ImplementationGuide_Page1:Backbone name=string! title=string anchor=string*",
  "InsurancePlan:Domain identifier=Identifier* status=#59 type=CodeableConcept* name=string "
  "alias=string* period=Period ownedBy=Reference administeredBy=Reference "
  "coverageArea=Reference* contact=InsurancePlan_Contact* endpoint=Reference* "
  "network=Reference* coverage=InsurancePlan_Coverage* plan=InsurancePlan_Plan*",
  "InsurancePlan_Contact:Backbone purpose=CodeableConcept name=HumanName telecom=ContactPoint* "
  "address=Address",
  "InsurancePlan_Coverage:Backbone type=CodeableConcept! network=Reference* "
  "benefit=InsurancePlan_Benefit+",
  "InsurancePlan_Benefit:Backbone type=CodeableConcept! requirement=string "
  "limit=InsurancePlan_Limit*",
  "InsurancePlan_Limit:Backbone value=Quantity code=CodeableConcept",
  "InsurancePlan_Plan:Backbone identifier=Identifier* type=CodeableConcept "
  "coverageArea=Reference* network=Reference* generalCost=InsurancePlan_GeneralCost* "
  "specificCost=InsurancePlan_SpecificCost*",
  "InsurancePlan_GeneralCost:Backbone type=CodeableConcept groupSize=positiveInt cost=Money "
  "comment=string",
  "InsurancePlan_SpecificCost:Backbone category=CodeableConcept! "
  "benefit=InsurancePlan_Benefit1*",
  "InsurancePlan_Benefit1:Backbone type=CodeableConcept! cost=InsurancePlan_Cost*",
  "InsurancePlan_Cost:Backbone type=CodeableConcept! applicability=CodeableConcept "
  "qualifiers=CodeableConcept* value=Quantity",
  "Invoice:Domain identifier=Identifier* status=#61! cancelledReason=string "
  "type=CodeableConcept subject=Reference recipient=Reference date=dateTime "
  "participant=Invoice_Participant* issuer=Reference account=Reference "
  "lineItem=Invoice_LineItem* totalPriceComponent=Invoice_PriceComponent* totalNet=Money "
  "totalGross=Money paymentTerms=markdown note=Annotation*",
  "Invoice_Participant:Backbone role=CodeableConcept actor=Reference!",
  "Invoice_LineItem:Backbone sequence=positiveInt chargeItem=[Reference|CodeableConcept]! "
  "priceComponent=Invoice_PriceComponent*",
  "Invoice_PriceComponent:Backbone type=#33! code=CodeableConcept factor=decimal amount=Money",
  "Library:Domain url=uri identifier=Identifier* version=string name=string title=string "
  "subtitle=string status=#59! experimental=boolean type=CodeableConcept! "
  "subject=[CodeableConcept|Reference] date=dateTime publisher=string contact=ContactDetail* "
  "description=markdown useContext=UsageContext* jurisdiction=CodeableConcept* "
  "purpose=markdown usage=string copyright=markdown approvalDate=date lastReviewDate=date "
  "effectivePeriod=Period topic=CodeableConcept* author=ContactDetail* editor=ContactDetail* "
  "reviewer=ContactDetail* endorser=ContactDetail* relatedArtifact=RelatedArtifact* "
  "parameter=ParameterDefinition* dataRequirement=DataRequirement* content=Attachment*",
  "Linkage:Domain active=boolean author=Reference item=Linkage_Item+",
  "Linkage_Item:Backbone type=#163! resource=Reference!",
  "List:Domain identifier=Identifier* status=#49! mode=#182! title=string code=CodeableConcept "
  "subject=Reference encounter=Reference date=dateTime source=Reference "
  "orderedBy=CodeableConcept note=Annotation* entry=List_Entry* emptyReason=CodeableConcept",
  "List_Entry:Backbone flag=CodeableConcept deleted=boolean date=dateTime item=Reference!",
  "Location:Domain identifier=Identifier* status=#19 operationalStatus=Coding name=string "
  "alias=string* description=string mode=#91 type=CodeableConcept* telecom=ContactPoint* "
  "address=Address physicalType=CodeableConcept position=Location_Position "
  "managingOrganization=Reference partOf=Reference hoursOfOperation=Location_HoursOfOperation* "
  "availabilityExceptions=string endpoint=Reference*",
  "Location_Position:Backbone longitude=decimal! latitude=decimal! altitude=decimal",
  "Location_HoursOfOperation:Backbone daysOfWeek=code* allDay=boolean openingTime=time "
  "closingTime=time",
  "Measure:Domain url=uri identifier=Identifier* version=string name=string title=string "
  "subtitle=string status=#59! experimental=boolean subject=[CodeableConcept|Reference] "
  "date=dateTime publisher=string contact=ContactDetail* description=markdown "
  "useContext=UsageContext* jurisdiction=CodeableConcept* purpose=markdown usage=string "
  "copyright=markdown approvalDate=date lastReviewDate=date effectivePeriod=Period "
  "topic=CodeableConcept* author=ContactDetail* editor=ContactDetail* reviewer=ContactDetail* "
  "endorser=ContactDetail* relatedArtifact=RelatedArtifact* library=canonical* "
  "disclaimer=markdown scoring=CodeableConcept compositeScoring=CodeableConcept "
  "type=CodeableConcept* riskAdjustment=string rateAggregation=string rationale=markdown "
  "clinicalRecommendationStatement=markdown improvementNotation=CodeableConcept "
  "definition=markdown* guidance=markdown group=Measure_Group* "
  "supplementalData=Measure_SupplementalData*",
  "Measure_Group:Backbone code=CodeableConcept description=string "
  "population=Measure_Population* stratifier=Measure_Stratifier*",
  "Measure_Population:Backbone code=CodeableConcept description=string criteria=Expression!",
  "Measure_Stratifier:Backbone code=CodeableConcept description=string criteria=Expression "
  "component=Measure_Component*",
  "Measure_Component:Backbone code=CodeableConcept description=string criteria=Expression!",
  "Measure_SupplementalData:Backbone code=CodeableConcept usage=CodeableConcept* "
  "description=string criteria=Expression!",
  "MeasureReport:Domain identifier=Identifier* status=#43! type=#89! measure=canonical! "
  "subject=Reference date=dateTime reporter=Reference period=Period! "
  "improvementNotation=CodeableConcept group=MeasureReport_Group* evaluatedResource=Reference*",
  "MeasureReport_Group:Backbone code=CodeableConcept population=MeasureReport_Population* "
  "measureScore=Quantity stratifier=MeasureReport_Stratifier*",
  "MeasureReport_Population:Backbone code=CodeableConcept count=integer "
  "subjectResults=Reference",
  "MeasureReport_Stratifier:Backbone code=CodeableConcept* stratum=MeasureReport_Stratum*",
  "MeasureReport_Stratum:Backbone value=CodeableConcept component=MeasureReport_Component* "
  "population=MeasureReport_Population1* measureScore=Quantity",
  "MeasureReport_Component:Backbone code=CodeableConcept! value=CodeableConcept!",
  "MeasureReport_Population1:Backbone code=CodeableConcept count=integer "
  "subjectResults=Reference",
  "Media:Domain identifier=Identifier* basedOn=Reference* partOf=Reference* status=code! "
  "type=CodeableConcept modality=CodeableConcept view=CodeableConcept subject=Reference "
  "encounter=Reference created=[dateTime|Period] issued=instant operator=Reference "
  "reasonCode=CodeableConcept* bodySite=CodeableConcept deviceName=string device=Reference "
  "height=positiveInt width=positiveInt frames=positiveInt duration=decimal "
  "content=Attachment! note=Annotation*",
  "Medication:Domain identifier=Identifier* code=CodeableConcept status=code "
  "manufacturer=Reference form=CodeableConcept amount=Ratio ingredient=Medication_Ingredient* "
  "batch=Medication_Batch",
  "Medication_Ingredient:Backbone item=[CodeableConcept|Reference]! isActive=boolean "
  "strength=Ratio",
  "Medication_Batch:Backbone lotNumber=string expirationDate=dateTime",
  "MedicationAdministration:Domain identifier=Identifier* instantiates=uri* partOf=Reference* "
  "status=code! statusReason=CodeableConcept* category=CodeableConcept "
  "medication=[CodeableConcept|Reference]! subject=Reference! context=Reference "
  "supportingInformation=Reference* effective=[dateTime|Period]! "
  "performer=MedicationAdministration_Performer* reasonCode=CodeableConcept* "
  "reasonReference=Reference* request=Reference device=Reference* note=Annotation* "
  "dosage=MedicationAdministration_Dosage eventHistory=Reference*",
  "MedicationAdministration_Performer:Backbone function=CodeableConcept actor=Reference!",
  "MedicationAdministration_Dosage:Backbone text=string site=CodeableConcept "
  "route=CodeableConcept method=CodeableConcept dose=Quantity rate=[Ratio|Quantity]",
  "MedicationDispense:Domain identifier=Identifier* partOf=Reference* status=code! "
  "statusReason=[CodeableConcept|Reference] category=CodeableConcept "
  "medication=[CodeableConcept|Reference]! subject=Reference context=Reference "
  "supportingInformation=Reference* performer=MedicationDispense_Performer* location=Reference "
  "authorizingPrescription=Reference* type=CodeableConcept quantity=Quantity "
  "daysSupply=Quantity whenPrepared=dateTime whenHandedOver=dateTime destination=Reference "
  "receiver=Reference* note=Annotation* dosageInstruction=Dosage* "
  "substitution=MedicationDispense_Substitution detectedIssue=Reference* "
  "eventHistory=Reference*",
  "MedicationDispense_Performer:Backbone function=CodeableConcept actor=Reference!",
  "MedicationDispense_Substitution:Backbone wasSubstituted=boolean! type=CodeableConcept "
  "reason=CodeableConcept* responsibleParty=Reference*",
  "MedicationKnowledge:Domain code=CodeableConcept status=code manufacturer=Reference "
  "doseForm=CodeableConcept amount=Quantity synonym=string* "
  "relatedMedicationKnowledge=MedicationKnowledge_RelatedMedicationKnowledge* "
  "associatedMedication=Reference* productType=CodeableConcept* "
  "monograph=MedicationKnowledge_Monograph* ingredient=MedicationKnowledge_Ingredient* "
  "preparationInstruction=markdown intendedRoute=CodeableConcept* "
  "cost=MedicationKnowledge_Cost* monitoringProgram=MedicationKnowledge_MonitoringProgram* "
  "administrationGuidelines=MedicationKnowledge_AdministrationGuidelines* "
  "medicineClassification=MedicationKnowledge_MedicineClassification* "
  "packaging=MedicationKnowledge_Packaging "
  "drugCharacteristic=MedicationKnowledge_DrugCharacteristic* contraindication=Reference* "
  "regulatory=MedicationKnowledge_Regulatory* kinetics=MedicationKnowledge_Kinetics*",
  "MedicationKnowledge_RelatedMedicationKnowledge:Backbone type=CodeableConcept! "
  "reference=Reference+",
  "MedicationKnowledge_Monograph:Backbone type=CodeableConcept source=Reference",
  "MedicationKnowledge_Ingredient:Backbone item=[CodeableConcept|Reference]! isActive=boolean "
  "strength=Ratio",
  "MedicationKnowledge_Cost:Backbone type=CodeableConcept! source=string cost=Money!",
  "MedicationKnowledge_MonitoringProgram:Backbone type=CodeableConcept name=string",
  "MedicationKnowledge_AdministrationGuidelines:Backbone dosage=MedicationKnowledge_Dosage* "
  "indication=[CodeableConcept|Reference] "
  "patientCharacteristics=MedicationKnowledge_PatientCharacteristics*",
  "MedicationKnowledge_Dosage:Backbone type=CodeableConcept! dosage=Dosage+",
  "MedicationKnowledge_PatientCharacteristics:Backbone characteristic=[CodeableConcept|"
  "Quantity]! value=string*",
  "MedicationKnowledge_MedicineClassification:Backbone type=CodeableConcept! "
  "classification=CodeableConcept*",
  "MedicationKnowledge_Packaging:Backbone type=CodeableConcept quantity=Quantity",
  "MedicationKnowledge_DrugCharacteristic:Backbone type=CodeableConcept value=[CodeableConcept|"
  "string|Quantity|base64Binary]",
  "MedicationKnowledge_Regulatory:Backbone regulatoryAuthority=Reference! "
  "substitution=MedicationKnowledge_Substitution* schedule=MedicationKnowledge_Schedule* "
  "maxDispense=MedicationKnowledge_MaxDispense",
  "MedicationKnowledge_Substitution:Backbone type=CodeableConcept! allowed=boolean!",
  "MedicationKnowledge_Schedule:Backbone schedule=CodeableConcept!",
  "MedicationKnowledge_MaxDispense:Backbone quantity=Quantity! period=Duration",
  "MedicationKnowledge_Kinetics:Backbone areaUnderCurve=Quantity* lethalDose50=Quantity* "
  "halfLifePeriod=Duration",
  "MedicationRequest:Domain identifier=Identifier* status=code! statusReason=CodeableConcept "
  "intent=code! category=CodeableConcept* priority=code doNotPerform=boolean reported=[boolean|"
  "Reference] medication=[CodeableConcept|Reference]! subject=Reference! encounter=Reference "
  "supportingInformation=Reference* authoredOn=dateTime requester=Reference "
  "performer=Reference performerType=CodeableConcept recorder=Reference "
  "reasonCode=CodeableConcept* reasonReference=Reference* instantiatesCanonical=canonical* "
  "instantiatesUri=uri* basedOn=Reference* groupIdentifier=Identifier "
  "courseOfTherapyType=CodeableConcept insurance=Reference* note=Annotation* "
  "dosageInstruction=Dosage* dispenseRequest=MedicationRequest_DispenseRequest "
  "substitution=MedicationRequest_Substitution priorPrescription=Reference "
  "detectedIssue=Reference* eventHistory=Reference*",
  "MedicationRequest_DispenseRequest:Backbone initialFill=MedicationRequest_InitialFill "
  "dispenseInterval=Duration validityPeriod=Period numberOfRepeatsAllowed=unsignedInt "
  "quantity=Quantity expectedSupplyDuration=Duration performer=Reference",
  "MedicationRequest_InitialFill:Backbone quantity=Quantity duration=Duration",
  "MedicationRequest_Substitution:Backbone allowed=[boolean|CodeableConcept]! "
  "reason=CodeableConcept",
  "MedicationStatement:Domain identifier=Identifier* basedOn=Reference* partOf=Reference* "
  "status=code! statusReason=CodeableConcept* category=CodeableConcept "
  "medication=[CodeableConcept|Reference]! subject=Reference! context=Reference "
  "effective=[dateTime|Period] dateAsserted=dateTime informationSource=Reference "
  "derivedFrom=Reference* reasonCode=CodeableConcept* reasonReference=Reference* "
  "note=Annotation* dosage=Dosage*",
  "MedicinalProduct:Domain identifier=Identifier* type=CodeableConcept domain=Coding "
  "combinedPharmaceuticalDoseForm=CodeableConcept legalStatusOfSupply=CodeableConcept "
  "additionalMonitoringIndicator=CodeableConcept specialMeasures=string* "
  "paediatricUseIndicator=CodeableConcept productClassification=CodeableConcept* "
  "marketingStatus=MarketingStatus* pharmaceuticalProduct=Reference* "
  "packagedMedicinalProduct=Reference* attachedDocument=Reference* masterFile=Reference* "
  "contact=Reference* clinicalTrial=Reference* name=MedicinalProduct_Name+ "
  "crossReference=Identifier* "
  "manufacturingBusinessOperation=MedicinalProduct_ManufacturingBusinessOperation* "
  "specialDesignation=MedicinalProduct_SpecialDesignation*",
  "MedicinalProduct_Name:Backbone productName=string! namePart=MedicinalProduct_NamePart* "
  "countryLanguage=MedicinalProduct_CountryLanguage*",
  "MedicinalProduct_NamePart:Backbone part=string! type=Coding!",
  "MedicinalProduct_CountryLanguage:Backbone country=CodeableConcept! "
  "jurisdiction=CodeableConcept language=CodeableConcept!",
  "MedicinalProduct_ManufacturingBusinessOperation:Backbone operationType=CodeableConcept "
  "authorisationReferenceNumber=Identifier effectiveDate=dateTime "
  "confidentialityIndicator=CodeableConcept manufacturer=Reference* regulator=Reference",
  "MedicinalProduct_SpecialDesignation:Backbone identifier=Identifier* type=CodeableConcept "
  "intendedUse=CodeableConcept indication=[CodeableConcept|Reference] status=CodeableConcept "
  "date=dateTime species=CodeableConcept",
  "MedicinalProductAuthorization:Domain identifier=Identifier* subject=Reference "
  "country=CodeableConcept* jurisdiction=CodeableConcept* status=CodeableConcept "
  "statusDate=dateTime restoreDate=dateTime validityPeriod=Period dataExclusivityPeriod=Period "
  "dateOfFirstAuthorization=dateTime internationalBirthDate=dateTime "
  "legalBasis=CodeableConcept "
  "jurisdictionalAuthorization=MedicinalProductAuthorization_JurisdictionalAuthorization* "
  "holder=Reference regulator=Reference procedure=MedicinalProductAuthorization_Procedure",
  "MedicinalProductAuthorization_JurisdictionalAuthorization:Backbone identifier=Identifier* "
  "country=CodeableConcept jurisdiction=CodeableConcept* legalStatusOfSupply=CodeableConcept "
  "validityPeriod=Period",
  "MedicinalProductAuthorization_Procedure:Backbone identifier=Identifier "
  "type=CodeableConcept! date=[Period|dateTime] "
  "application=MedicinalProductAuthorization_Procedure*",
  "MedicinalProductContraindication:Domain subject=Reference* disease=CodeableConcept "
  "diseaseStatus=CodeableConcept comorbidity=CodeableConcept* therapeuticIndication=Reference* "
  "otherTherapy=MedicinalProductContraindication_OtherTherapy* population=Population*",
  "MedicinalProductContraindication_OtherTherapy:Backbone "
  "therapyRelationshipType=CodeableConcept! medication=[CodeableConcept|Reference]!",
  "MedicinalProductIndication:Domain subject=Reference* "
  "diseaseSymptomProcedure=CodeableConcept diseaseStatus=CodeableConcept "
  "comorbidity=CodeableConcept* intendedEffect=CodeableConcept duration=Quantity "
  "otherTherapy=MedicinalProductIndication_OtherTherapy* undesirableEffect=Reference* "
  "population=Population*",
  "MedicinalProductIndication_OtherTherapy:Backbone therapyRelationshipType=CodeableConcept! "
  "medication=[CodeableConcept|Reference]!",
  "MedicinalProductIngredient:Domain identifier=Identifier role=CodeableConcept! "
  "allergenicIndicator=boolean manufacturer=Reference* "
  "specifiedSubstance=MedicinalProductIngredient_SpecifiedSubstance* "
  "substance=MedicinalProductIngredient_Substance",
  "MedicinalProductIngredient_SpecifiedSubstance:Backbone code=CodeableConcept! "
  "group=CodeableConcept! confidentiality=CodeableConcept "
  "strength=MedicinalProductIngredient_Strength*",
  "MedicinalProductIngredient_Strength:Backbone presentation=Ratio! presentationLowLimit=Ratio "
  "concentration=Ratio concentrationLowLimit=Ratio measurementPoint=string "
  "country=CodeableConcept* referenceStrength=MedicinalProductIngredient_ReferenceStrength*",
  "MedicinalProductIngredient_ReferenceStrength:Backbone substance=CodeableConcept "
  "strength=Ratio! strengthLowLimit=Ratio measurementPoint=string country=CodeableConcept*",
  "MedicinalProductIngredient_Substance:Backbone code=CodeableConcept! "
  "strength=MedicinalProductIngredient_Strength*",
  "MedicinalProductInteraction:Domain subject=Reference* description=string "
  "interactant=MedicinalProductInteraction_Interactant* type=CodeableConcept "
  "effect=CodeableConcept incidence=CodeableConcept management=CodeableConcept",
  "MedicinalProductInteraction_Interactant:Backbone item=[Reference|CodeableConcept]!",
  "MedicinalProductManufactured:Domain manufacturedDoseForm=CodeableConcept! "
  "unitOfPresentation=CodeableConcept quantity=Quantity! manufacturer=Reference* "
  "ingredient=Reference* physicalCharacteristics=ProdCharacteristic "
  "otherCharacteristics=CodeableConcept*",
  "MedicinalProductPackaged:Domain identifier=Identifier* subject=Reference* "
  "description=string legalStatusOfSupply=CodeableConcept marketingStatus=MarketingStatus* "
  "marketingAuthorization=Reference manufacturer=Reference* "
  "batchIdentifier=MedicinalProductPackaged_BatchIdentifier* "
  "packageItem=MedicinalProductPackaged_PackageItem+",
  "MedicinalProductPackaged_BatchIdentifier:Backbone outerPackaging=Identifier! "
  "immediatePackaging=Identifier",
  "MedicinalProductPackaged_PackageItem:Backbone identifier=Identifier* type=CodeableConcept! "
  "quantity=Quantity! material=CodeableConcept* alternateMaterial=CodeableConcept* "
  "device=Reference* manufacturedItem=Reference* "
  "packageItem=MedicinalProductPackaged_PackageItem* "
  "physicalCharacteristics=ProdCharacteristic otherCharacteristics=CodeableConcept* "
  "shelfLifeStorage=ProductShelfLife* manufacturer=Reference*",
  "MedicinalProductPharmaceutical:Domain identifier=Identifier* "
  "administrableDoseForm=CodeableConcept! unitOfPresentation=CodeableConcept "
  "ingredient=Reference* device=Reference* "
  "characteristics=MedicinalProductPharmaceutical_Characteristics* "
  "routeOfAdministration=MedicinalProductPharmaceutical_RouteOfAdministration+",
  "MedicinalProductPharmaceutical_Characteristics:Backbone code=CodeableConcept! "
  "status=CodeableConcept",
  "MedicinalProductPharmaceutical_RouteOfAdministration:Backbone code=CodeableConcept! "
  "firstDose=Quantity maxSingleDose=Quantity maxDosePerDay=Quantity "
  "maxDosePerTreatmentPeriod=Ratio maxTreatmentPeriod=Duration "
  "targetSpecies=MedicinalProductPharmaceutical_TargetSpecies*",
  "MedicinalProductPharmaceutical_TargetSpecies:Backbone code=CodeableConcept! "
  "withdrawalPeriod=MedicinalProductPharmaceutical_WithdrawalPeriod*",
  "MedicinalProductPharmaceutical_WithdrawalPeriod:Backbone tissue=CodeableConcept! "
  "value=Quantity! supportingInformation=string",
  "MedicinalProductUndesirableEffect:Domain subject=Reference* "
  "symptomConditionEffect=CodeableConcept classification=CodeableConcept "
  "frequencyOfOccurrence=CodeableConcept population=Population*",
  "MessageDefinition:Domain url=uri identifier=Identifier* version=string name=string "
  "title=string replaces=canonical* status=#59! experimental=boolean date=dateTime! "
  "publisher=string contact=ContactDetail* description=markdown useContext=UsageContext* "
  "jurisdiction=CodeableConcept* purpose=markdown copyright=markdown base=canonical "
  "parent=canonical* event=[Coding|uri]! category=#46 focus=MessageDefinition_Focus* "
  "responseRequired=#23 allowedResponse=MessageDefinition_AllowedResponse* graph=canonical*",
  "MessageDefinition_Focus:Backbone code=code! profile=canonical min=unsignedInt! max=string",
  "MessageDefinition_AllowedResponse:Backbone message=canonical! situation=markdown",
  "MessageHeader:Domain event=[Coding|uri]! destination=MessageHeader_Destination* "
  "sender=Reference enterer=Reference author=Reference source=MessageHeader_Source! "
  "responsible=Reference reason=CodeableConcept response=MessageHeader_Response "
  "focus=Reference* definition=canonical",
  "MessageHeader_Destination:Backbone name=string target=Reference endpoint=url! "
  "receiver=Reference",
  "MessageHeader_Source:Backbone name=string software=string version=string "
  "contact=ContactPoint endpoint=url!",
  "MessageHeader_Response:Backbone identifier=id! code=#117! details=Reference",
  "MolecularSequence:Domain identifier=Identifier* type=#10 coordinateSystem=integer! "
  "patient=Reference specimen=Reference device=Reference performer=Reference quantity=Quantity "
  "referenceSeq=MolecularSequence_ReferenceSeq variant=MolecularSequence_Variant* "
  "observedSeq=string quality=MolecularSequence_Quality* readCoverage=integer "
  "repository=MolecularSequence_Repository* pointer=Reference* "
  "structureVariant=MolecularSequence_StructureVariant*",
  "MolecularSequence_ReferenceSeq:Backbone chromosome=CodeableConcept genomeBuild=string "
  "orientation=#161 referenceSeqId=CodeableConcept referenceSeqPointer=Reference "
  "referenceSeqString=string strand=#181 windowStart=integer windowEnd=integer",
  "MolecularSequence_Variant:Backbone start=integer end=integer observedAllele=string "
  "referenceAllele=string cigar=string variantPointer=Reference",
  "MolecularSequence_Quality:Backbone type=#88! standardSequence=CodeableConcept start=integer "
  "end=integer score=Quantity method=CodeableConcept truthTP=decimal queryTP=decimal "
  "truthFN=decimal queryFP=decimal gtFP=decimal precision=decimal recall=decimal "
  "fScore=decimal roc=MolecularSequence_Roc",
  "MolecularSequence_Roc:Backbone score=integer* numTP=integer* numFP=integer* numFN=integer* "
  "precision=decimal* sensitivity=decimal* fMeasure=decimal*",
  "MolecularSequence_Repository:Backbone type=#55! url=uri name=string datasetId=string "
  "variantsetId=string readsetId=string",
  0};
