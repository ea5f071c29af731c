/* fhir_system.c - code systems: the short names of definitions, and what FHIR calls them.
 * URLs and OIDs: HL7 FHIR R4, terminologies-systems.html; ATC: terminology.hl7.org. */
#include "gemel/fhir.h"
#include <string.h>

typedef struct {
  const char *name, *url, *oid; /* oid: "" none */
} code_system;

#define OID "urn:oid:2.16.840.1.113883."
static const code_system systems[] = {
    {"loinc", "http://loinc.org", OID "6.1"},
    {"snomed", "http://snomed.info/sct", OID "6.96"},
    {"rxnorm", "http://www.nlm.nih.gov/research/umls/rxnorm", OID "6.88"},
    {"ucum", "http://unitsofmeasure.org", OID "6.8"},
    {"atc", "http://www.whocc.no/atc", OID "6.73"},
    {"ndc", "http://hl7.org/fhir/sid/ndc", OID "6.69"},
    {"unii", "http://fdasis.nlm.nih.gov", OID "4.9"},
    {"cvx", "http://hl7.org/fhir/sid/cvx", OID "12.292"},
    {"icd10", "http://hl7.org/fhir/sid/icd-10", OID "6.3"},
    {"icd10cm", "http://hl7.org/fhir/sid/icd-10-cm", OID "6.90"},
    {"icd10pcs", "http://www.cms.gov/Medicare/Coding/ICD10", OID "6.4"},
    {"icd9cm", "http://hl7.org/fhir/sid/icd-9-cm", OID "6.103"},
    {"icd10gm", "http://fhir.de/CodeSystem/bfarm/icd-10-gm", ""},
    {"ops", "http://fhir.de/CodeSystem/bfarm/ops", ""},
    {"cpt", "http://www.ama-assn.org/go/cpt", OID "6.12"},
    {"ieee11073", "urn:iso:std:iso:11073:10101", OID "6.24"},
    {"dicom", "http://dicom.nema.org/resources/ontology/DCM", "urn:oid:1.2.840.10008.2.16.4"},
    {"hgnc", "http://www.genenames.org", OID "6.281"},
    {"actcode", "http://terminology.hl7.org/CodeSystem/v3-ActCode", OID "5.4"},
    {"gender", "http://hl7.org/fhir/administrative-gender", ""},
};
#undef OID

static const code_system *system_find(const char *text)
{
  for (size_t i = 0; i < sizeof systems / sizeof systems[0]; i++)
    if (!strcmp(text, systems[i].url) || !strcmp(text, systems[i].name) ||
        (systems[i].oid[0] && !strcmp(text, systems[i].oid)))
      return &systems[i];
  return NULL;
}

const char *gm_fhir_system_url(const char *name)
{
  const code_system *s = system_find(name);
  return s ? s->url : NULL;
}

const char *gm_fhir_system_name(const char *url)
{
  const code_system *s = system_find(url);
  return s ? s->name : NULL;
}
