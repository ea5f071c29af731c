/* fhir_check_table_codes.c - made by tools/fhir-table from the JSON schema of FHIR R4 (HL7, CC0);
 * its form is told there. */
#include "interop/fhir_check_table.h"

/* clang-format off */
const char *const gm__fhir_code_rows[] = {
  "0 4 8 12",
  "0.01 0.05 0.06 0.11 0.0.80 0.0.81 0.0.82 0.4.0 0.5.0 1.0.0 1.0.1 1.0.2 1.1.0 1.4.0 1.6.0 "
  "1.8.0 3.0.0 3.0.1 3.3.0 3.5.0 4.0.0",
  "1 2 3 4 5",
  "< <= >= >",
  "= is-a descendent-of is-not-a regex in not-in generalizes exists",
  "C R U D E",
  "GET HEAD POST PUT DELETE PATCH",
  "MORN MORN.early MORN.late NOON AFT AFT.early AFT.late EVE EVE.early EVE.late NIGHT PHS HS "
  "WAKE C CM CD CV AC ACM ACD ACV PC PCM PCD PCV",
  "Patient Encounter RelatedPerson Practitioner Device",
  "Quantity CodeableConcept string boolean integer Range Ratio SampledData time dateTime Period",
  "aa dna rna",
  "accepted declined tentative needs-action",
  "active administratively-completed approved closed-to-accrual "
  "closed-to-accrual-and-intervention completed disapproved in-review "
  "temporarily-closed-to-accrual temporarily-closed-to-accrual-and-intervention withdrawn",
  "active cancelled draft entered-in-error",
  "active completed entered-in-error intended stopped on-hold",
  "active inactive entered-in-error",
  "active inactive entered-in-error on-hold unknown",
  "active inactive entered-in-error unknown",
  "active suspended error off entered-in-error test",
  "active suspended inactive",
  "actual potential",
  "all any",
  "allergy intolerance",
  "always on-error never on-success",
  "any all all-or-none exactly-one at-most-one one-or-more",
  "applicability start stop",
  "apply path-resource path-pages path-tx-cache expansion-parameter rule-broken-links "
  "generate-xml generate-json generate-turtle html-template",
  "ascending descending",
  "auth-requirements benefits discovery validation",
  "author editor reviewer endorser",
  "available unavailable",
  "available unavailable unsatisfactory entered-in-error",
  "barcode rfid manual card self-reported unknown",
  "base surcharge deduction discount tax informational",
  "before-start before before-end concurrent-with-start concurrent concurrent-with-end "
  "after-start after after-end",
  "black red green yellow blue magenta cyan white",
  "busy free busy-unavailable busy-tentative entered-in-error",
  "candidate eligible follow-up ineligible not-registered off-study on-study "
  "on-study-intervention on-study-observation pending-on-study potential-candidate screening "
  "withdrawn",
  "claim preauthorization predetermination",
  "client server",
  "closed open openAtEnd",
  "code Coding string integer boolean dateTime decimal",
  "codesystem identifier root",
  "complete pending error",
  "completed in-progress waiting stopped entered-in-error",
  "condition requirement",
  "consequence currency notification",
  "contained referenced bundled",
  "create copy truncate escape cast append translate reference dateOp uuid pointer evaluate cc "
  "c qty id cp",
  "current retired entered-in-error",
  "current superseded entered-in-error",
  "delete get options patch post put head",
  "deny permit",
  "derivation revision quotation source removal",
  "dichotomous continuous descriptive",
  "directlink openapi login oauth other",
  "display print printoper",
  "document message transaction transaction-response batch batch-response history searchset "
  "collection",
  "documentation justification citation predecessor successor derived-from depends-on "
  "composed-of",
  "draft active retired unknown",
  "draft active suspended cancelled completed entered-in-error unknown",
  "draft issued balanced cancelled entered-in-error",
  "draft proposed active rejected inactive entered-in-error",
  "draft requested received accepted rejected ready cancelled in-progress on-hold failed "
  "completed entered-in-error",
  "either independent specific",
  "eq ne gt lt ge le sa eb ap",
  "equals notEquals in notIn greaterThan lessThan empty notEmpty contains notContains eval",
  "error warning",
  "exists = != > < >= <=",
  "explicit all",
  "exposure exposure-alternative",
  "farenheit celsius kelvin",
  "fatal error warning information",
  "fhirpath element extension",
  "first not_first last not_last only_one",
  "first share last collate",
  "food medication environment biologic",
  "generated extensions additional empty",
  "group display boolean decimal integer date dateTime time string text url choice open-choice "
  "attachment reference quantity",
  "grouped-by is-a part-of classified-with",
  "high moderate low",
  "home work temp old billing",
  "home work temp old mobile",
  "html markdown xml generated",
  "identical matching different custom",
  "in out",
  "in-progress completed abandoned entered-in-error",
  "in-progress completed amended entered-in-error stopped",
  "indel snp unknown",
  "individual subject-list summary data-collection",
  "instance capability requirements",
  "instance kind",
  "instance related dependents authoredby",
  "invalid structure required value invariant security login unknown expired forbidden "
  "suppressed processing not-supported duplicate multiple-matches not-found deleted too-long "
  "code-invalid extension too-costly business-rule conflict transient lock-error no-store "
  "exception timeout incomplete throttled informational",
  "level1 level2 level3 level4",
  "literal logical resolves enforced local",
  "low high unable-to-assess",
  "male female other unknown",
  "match include outcome",
  "mean median mean-of-mean mean-of-median median-of-mean median-of-median",
  "measurement setting calculation unspecified",
  "mild moderate severe",
  "missing exact contains not text in not-in below above type identifier ofType",
  "mon tue wed thu fri sat sun",
  "must could must-unless-documented",
  "named-event periodic data-changed data-added data-modified data-removed data-accessed "
  "data-access-ended",
  "no-version versioned versioned-update",
  "none types type-and-types",
  "normal phonetic nearby distance other",
  "not-calibrated calibration-required calibrated unspecified",
  "not-open-source 0BSD AAL Abstyles Adobe-2006 Adobe-Glyph ADSL AFL-1.1 AFL-1.2 AFL-2.0 "
  "AFL-2.1 AFL-3.0 Afmparse AGPL-1.0-only AGPL-1.0-or-later AGPL-3.0-only AGPL-3.0-or-later "
  "Aladdin AMDPLPA AML AMPAS ANTLR-PD Apache-1.0 Apache-1.1 Apache-2.0 APAFML APL-1.0 APSL-1.0 "
  "APSL-1.1 APSL-1.2 APSL-2.0 Artistic-1.0-cl8 Artistic-1.0-Perl Artistic-1.0 Artistic-2.0 "
  "Bahyph Barr Beerware BitTorrent-1.0 BitTorrent-1.1 Borceux BSD-1-Clause "
  "BSD-2-Clause-FreeBSD BSD-2-Clause-NetBSD BSD-2-Clause-Patent BSD-2-Clause "
  "BSD-3-Clause-Attribution BSD-3-Clause-Clear BSD-3-Clause-LBNL "
  "BSD-3-Clause-No-Nuclear-License-2014 BSD-3-Clause-No-Nuclear-License "
  "BSD-3-Clause-No-Nuclear-Warranty BSD-3-Clause BSD-4-Clause-UC BSD-4-Clause BSD-Protection "
  "BSD-Source-Code BSL-1.0 bzip2-1.0.5 bzip2-1.0.6 Caldera CATOSL-1.1 CC-BY-1.0 CC-BY-2.0 "
  "CC-BY-2.5 CC-BY-3.0 CC-BY-4.0 CC-BY-NC-1.0 CC-BY-NC-2.0 CC-BY-NC-2.5 CC-BY-NC-3.0 "
  "CC-BY-NC-4.0 CC-BY-NC-ND-1.0 CC-BY-NC-ND-2.0 CC-BY-NC-ND-2.5 CC-BY-NC-ND-3.0 "
  "CC-BY-NC-ND-4.0 CC-BY-NC-SA-1.0 CC-BY-NC-SA-2.0 CC-BY-NC-SA-2.5 CC-BY-NC-SA-3.0 "
  "CC-BY-NC-SA-4.0 CC-BY-ND-1.0 CC-BY-ND-2.0 CC-BY-ND-2.5 CC-BY-ND-3.0 CC-BY-ND-4.0 "
  "CC-BY-SA-1.0 CC-BY-SA-2.0 CC-BY-SA-2.5 CC-BY-SA-3.0 CC-BY-SA-4.0 CC0-1.0 CDDL-1.0 CDDL-1.1 "
  "CDLA-Permissive-1.0 CDLA-Sharing-1.0 CECILL-1.0 CECILL-1.1 CECILL-2.0 CECILL-2.1 CECILL-B "
  "CECILL-C ClArtistic CNRI-Jython CNRI-Python-GPL-Compatible CNRI-Python Condor-1.1 CPAL-1.0 "
  "CPL-1.0 CPOL-1.02 Crossword CrystalStacker CUA-OPL-1.0 Cube curl D-FSL-1.0 diffmark DOC "
  "Dotseqn DSDP dvipdfm ECL-1.0 ECL-2.0 EFL-1.0 EFL-2.0 eGenix Entessa EPL-1.0 EPL-2.0 "
  "ErlPL-1.1 EUDatagrid EUPL-1.0 EUPL-1.1 EUPL-1.2 Eurosym Fair Frameworx-1.0 FreeImage FSFAP "
  "FSFUL FSFULLR FTL GFDL-1.1-only GFDL-1.1-or-later GFDL-1.2-only GFDL-1.2-or-later "
  "GFDL-1.3-only GFDL-1.3-or-later Giftware GL2PS Glide Glulxe gnuplot GPL-1.0-only "
  "GPL-1.0-or-later GPL-2.0-only GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later gSOAP-1.3b "
  "HaskellReport HPND IBM-pibs ICU IJG ImageMagick iMatix Imlib2 Info-ZIP Intel-ACPI Intel "
  "Interbase-1.0 IPA IPL-1.0 ISC JasPer-2.0 JSON LAL-1.2 LAL-1.3 Latex2e Leptonica "
  "LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only "
  "LGPL-3.0-or-later LGPLLR Libpng libtiff LiLiQ-P-1.1 LiLiQ-R-1.1 LiLiQ-Rplus-1.1 "
  "Linux-OpenIB LPL-1.0 LPL-1.02 LPPL-1.0 LPPL-1.1 LPPL-1.2 LPPL-1.3a LPPL-1.3c MakeIndex "
  "MirOS MIT-0 MIT-advertising MIT-CMU MIT-enna MIT-feh MIT MITNFA Motosoto mpich2 MPL-1.0 "
  "MPL-1.1 MPL-2.0-no-copyleft-exception MPL-2.0 MS-PL MS-RL MTLL Multics Mup NASA-1.3 Naumen "
  "NBPL-1.0 NCSA Net-SNMP NetCDF Newsletr NGPL NLOD-1.0 NLPL Nokia NOSL Noweb NPL-1.0 NPL-1.1 "
  "NPOSL-3.0 NRL NTP OCCT-PL OCLC-2.0 ODbL-1.0 OFL-1.0 OFL-1.1 OGTSL OLDAP-1.1 OLDAP-1.2 "
  "OLDAP-1.3 OLDAP-1.4 OLDAP-2.0.1 OLDAP-2.0 OLDAP-2.1 OLDAP-2.2.1 OLDAP-2.2.2 OLDAP-2.2 "
  "OLDAP-2.3 OLDAP-2.4 OLDAP-2.5 OLDAP-2.6 OLDAP-2.7 OLDAP-2.8 OML OpenSSL OPL-1.0 OSET-PL-2.1 "
  "OSL-1.0 OSL-1.1 OSL-2.0 OSL-2.1 OSL-3.0 PDDL-1.0 PHP-3.0 PHP-3.01 Plexus PostgreSQL psfrag "
  "psutils Python-2.0 Qhull QPL-1.0 Rdisc RHeCos-1.1 RPL-1.1 RPL-1.5 RPSL-1.0 RSA-MD RSCPL "
  "Ruby SAX-PD Saxpath SCEA Sendmail SGI-B-1.0 SGI-B-1.1 SGI-B-2.0 SimPL-2.0 SISSL-1.2 SISSL "
  "Sleepycat SMLNJ SMPPL SNIA Spencer-86 Spencer-94 Spencer-99 SPL-1.0 SugarCRM-1.1.3 SWL TCL "
  "TCP-wrappers TMate TORQUE-1.1 TOSL Unicode-DFS-2015 Unicode-DFS-2016 Unicode-TOU Unlicense "
  "UPL-1.0 Vim VOSTROM VSL-1.0 W3C-19980720 W3C-20150513 W3C Watcom-1.0 Wsuipa WTFPL X11 Xerox "
  "XFree86-1.1 xinetd Xnet xpp XSkat YPL-1.0 YPL-1.1 Zed Zend-2.0 Zimbra-1.3 Zimbra-1.4 "
  "zlib-acknowledgement Zlib ZPL-1.1 ZPL-2.0 ZPL-2.1",
  "not-present example fragment complete supplement",
  "not-started scheduled in-progress on-hold completed cancelled stopped unknown "
  "entered-in-error",
  "not-supported modified-since not-match full-support",
  "not-supported single multiple",
  "number date string token reference composite quantity uri special",
  "oid uuid uri other",
  "ok transient-error fatal-error",
  "okay created noContent notModified bad forbidden notFound methodNotAllowed conflict gone "
  "preconditionFailed unprocessable",
  "on off standby entered-in-error",
  "operation query",
  "organ tissue fluid cells biologicalAgent",
  "partial completed entered-in-error health-unknown",
  "pass fail pending",
  "pass skip fail warning error",
  "patient practitioner related-person device",
  "person animal practitioner device medication substance",
  "person entity",
  "personal professional legal official",
  "phone fax email pager url sms other",
  "planned active reserved completed",
  "planned arrived triaged in-progress onleave finished cancelled entered-in-error unknown",
  "planned billable not-billable aborted billed entered-in-error unknown",
  "planned waitlist active onhold finished cancelled entered-in-error",
  "population exposure outcome",
  "postal physical both",
  "preferred alternate",
  "preliminary final amended entered-in-error",
  "primitive-type complex-type resource logical",
  "producer consumer",
  "proposed active suspended inactive entered-in-error",
  "proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in "
  "waitlist",
  "proposed planned accepted active on-hold completed cancelled entered-in-error rejected",
  "provided fixed other-map",
  "queued complete error partial",
  "read vread update patch delete history-instance history-type create search-type",
  "reference critical absolute",
  "registered available cancelled entered-in-error unknown",
  "registered partial preliminary final amended corrected appended cancelled entered-in-error "
  "unknown",
  "registered preliminary final amended corrected cancelled entered-in-error unknown",
  "relatedto equivalent equal wider subsumes narrower specializes inexact unmatched disjoint",
  "replaced-by replaces refer seealso",
  "replaces transforms signs appends",
  "requested active error off",
  "required extensible preferred example",
  "required optional information-only",
  "response request",
  "rest-hook websocket email sms message",
  "right left",
  "s min h d wk mo a",
  "sender receiver",
  "sense antisense",
  "single multiple",
  "source alternate historical",
  "source queried target produced",
  "source target",
  "specialization constraint",
  "success data-requested data-required in-progress failure entered-in-error",
  "test-engine client server",
  "text/cql text/fhirpath application/x-fhir-query",
  "transaction batch search-system history-system",
  "triggers is-replaced-by",
  "type variable",
  "udi-label-name user-friendly-name patient-reported-name manufacturer-name model-name other",
  "unknown proposal plan order original-order reflex-order filler-order instance-order option",
  "unspecified offset gain two-point",
  "up down in out",
  "usual official temp nickname anonymous old maiden",
  "usual official temp secondary old",
  "value exists pattern type profile",
  "visual-group logical-group sentence-group",
  "watson crick",
  "working snapshot changes",
  "xmlAttr xmlText typeAttr cdaText xhtml",
  "yes no",
  0};
