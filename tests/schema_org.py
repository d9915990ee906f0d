"""The part of schema.org that this site uses, and a walk that tells what is out of it.

Read from schema.org 30.0 (2026-03-19), data/releases/30.0/schemaorg-all-https.jsonld of
github.com/schemaorg/schemaorg.
"""

import calendar
from datetime import date, time
from typing import Any
from urllib.parse import urlsplit

VOCABULARY = "https://schema.org/"

# Each type and the types right above it, all the way up.
SUPERTYPES: dict[str, set[str]] = {
    "Thing": set(),
    "CreativeWork": {"Thing"},
    "WebPage": {"CreativeWork"},
    "MedicalWebPage": {"WebPage"},
    "ProfilePage": {"WebPage"},
    "Intangible": {"Thing"},
    "Enumeration": {"Intangible"},
    "DayOfWeek": {"Enumeration"},
    "ItemList": {"Intangible"},
    "BreadcrumbList": {"ItemList"},
    "ListItem": {"Intangible"},
    "StructuredValue": {"Intangible"},
    "OpeningHoursSpecification": {"StructuredValue"},
    "ContactPoint": {"StructuredValue"},
    "PostalAddress": {"ContactPoint"},
    "Audience": {"Intangible"},
    "PeopleAudience": {"Audience"},
    "MedicalAudience": {"Audience", "PeopleAudience"},
    "Person": {"Thing"},
    "Patient": {"MedicalAudience", "Person"},
    "Organization": {"Thing"},
    "Place": {"Thing"},
    "LocalBusiness": {"Organization", "Place"},
    "MedicalBusiness": {"LocalBusiness"},
    "MedicalOrganization": {"Organization"},
    "MedicalClinic": {"MedicalBusiness", "MedicalOrganization"},
    "MedicalEntity": {"Thing"},
    "MedicalCause": {"MedicalEntity"},
    "MedicalCondition": {"MedicalEntity"},
    "MedicalSignOrSymptom": {"MedicalCondition"},
    "MedicalRiskFactor": {"MedicalEntity"},
    "MedicalTest": {"MedicalEntity"},
    "LifestyleModification": {"MedicalEntity"},
    "MedicalProcedure": {"MedicalEntity"},
    "TherapeuticProcedure": {"MedicalProcedure"},
    "MedicalTherapy": {"TherapeuticProcedure"},
    "MedicalIntangible": {"MedicalEntity"},
    "DefinedTerm": {"Intangible"},
    "CategoryCode": {"DefinedTerm"},
    "MedicalCode": {"CategoryCode", "MedicalIntangible"},
    "MedicalEnumeration": {"Enumeration"},
    "MedicalProcedureType": {"MedicalEnumeration"},
}

# Each property: the types that have it, and the types that its value may have.
PROPERTIES: dict[str, tuple[set[str], set[str]]] = {
    "about": (
        {"CommunicateAction", "CreativeWork", "Certification", "DefinedTerm"}
        | {"DefinedTermSet", "Event"},
        {"Thing"},
    ),
    "address": (
        {"GeoCoordinates", "GeoShape", "Organization", "Person", "Place"},
        {"PostalAddress", "Text"},
    ),
    "addressLocality": ({"PostalAddress"}, {"Text"}),
    "addressRegion": ({"DefinedRegion", "PostalAddress"}, {"AdministrativeArea", "Text"}),
    "audience": (
        {"CreativeWork", "Event", "LodgingBusiness", "PlayAction", "Product", "Service"},
        {"Audience"},
    ),
    "breadcrumb": ({"WebPage"}, {"BreadcrumbList", "Text"}),
    "cause": ({"MedicalCondition"}, {"MedicalCause"}),
    "closes": ({"OpeningHoursSpecification"}, {"Time"}),
    "code": ({"MedicalEntity"}, {"MedicalCode"}),
    "codeValue": ({"CategoryCode", "MedicalCode"}, {"Text"}),
    "codingSystem": ({"MedicalCode"}, {"Text"}),
    "dayOfWeek": ({"EducationalOccupationalProgram", "OpeningHoursSpecification"}, {"DayOfWeek"}),
    "description": ({"Thing"}, {"Text", "TextObject"}),
    "followup": ({"MedicalProcedure"}, {"Text"}),
    "howPerformed": ({"MedicalProcedure"}, {"Text"}),
    "image": ({"Thing"}, {"ImageObject", "URL"}),
    "inLanguage": (
        {"BroadcastService", "CommunicateAction", "CreativeWork", "Event", "LinkRole"}
        | {"PronounceableText", "WriteAction"},
        {"Language", "Text"},
    ),
    "item": ({"DataFeedItem", "ListItem"}, {"Thing"}),
    "itemListElement": ({"ItemList"}, {"ListItem", "Text", "Thing"}),
    "jobTitle": ({"Person"}, {"DefinedTerm", "Text"}),
    "knowsAbout": ({"Organization", "Person"}, {"Text", "Thing", "URL"}),
    "lastReviewed": ({"WebPage"}, {"Date"}),
    "mainEntity": ({"CreativeWork"}, {"Thing"}),
    "name": ({"Thing"}, {"Text"}),
    "openingHoursSpecification": ({"Place"}, {"OpeningHoursSpecification"}),
    "opens": ({"OpeningHoursSpecification"}, {"Time"}),
    "position": ({"CreativeWork", "ListItem"}, {"Integer", "Text"}),
    "possibleTreatment": (
        {"MedicalCondition", "MedicalSignOrSymptom"},
        {"Drug", "DrugClass", "LifestyleModification", "MedicalTherapy"},
    ),
    "postalCode": ({"DefinedRegion", "GeoCoordinates", "GeoShape", "PostalAddress"}, {"Text"}),
    "preparation": ({"MedicalProcedure"}, {"MedicalEntity", "Text"}),
    "procedureType": ({"MedicalProcedure"}, {"MedicalProcedureType"}),
    "publisher": ({"CreativeWork", "FinancialIncentive"}, {"Organization", "Person"}),
    "reviewedBy": ({"WebPage"}, {"Organization", "Person"}),
    "riskFactor": ({"MedicalCondition"}, {"MedicalRiskFactor"}),
    "secondaryPrevention": (
        {"MedicalCondition"},
        {"Drug", "DrugClass", "LifestyleModification", "MedicalTherapy"},
    ),
    "signOrSymptom": ({"MedicalCondition"}, {"MedicalSignOrSymptom"}),
    "streetAddress": ({"PostalAddress"}, {"Text"}),
    "telephone": ({"ContactPoint", "Organization", "Person", "Place"}, {"Text"}),
    "typicalTest": ({"MedicalCondition"}, {"MedicalTest"}),
    "url": ({"Thing"}, {"URL"}),
    "worksFor": ({"Person"}, {"Organization"}),
}

# The values of the enumerations, and the type of each.
MEMBERS = {
    "PercutaneousProcedure": "MedicalProcedureType",
    **dict.fromkeys(calendar.day_name, "DayOfWeek"),
}


def type_and_above(name: str) -> set[str]:
    """Return a type and all types above it."""
    return {name}.union(*(type_and_above(above) for above in SUPERTYPES[name]))


def faults(node: dict[str, Any], path: str = "") -> list[str]:
    """Return what in a node, at any depth, is not of schema.org as written above."""
    name = node.get("@type")
    if name not in SUPERTYPES:
        return [f"{path or 'top'}: unknown type {name}"]
    found = []
    for key, value in node.items():
        here = f"{path}/{name}.{key}"
        if key == "@type":
            continue
        if key == "@id":
            found += [] if _is_address(value) else [f"{here}: {value!r} is no address"]
        elif key not in PROPERTIES:
            found.append(f"{here}: unknown property")
        else:
            domain, allowed = PROPERTIES[key]
            if not domain & type_and_above(name):
                found.append(f"{here}: {name} has no such property")
            values = value if isinstance(value, list) else [value]
            found += [] if values else [f"{here}: empty"]
            for each in values:
                found += _out_of_range(each, allowed, here)
    return found


def _out_of_range(value: Any, allowed: set[str], path: str) -> list[str]:
    if isinstance(value, dict):
        inside = faults(value, path)
        if value.get("@type") in SUPERTYPES and not allowed & type_and_above(value["@type"]):
            inside.append(f"{path}: {value['@type']} is not one of {sorted(allowed)}")
        return inside
    return [] if allowed & _types_of(value) else [f"{path}: {value!r} is not {sorted(allowed)}"]


def _types_of(value: Any) -> set[str]:
    """Return what a plain value can be read as."""
    if isinstance(value, int) and not isinstance(value, bool):
        return {"Integer"}
    if not isinstance(value, str) or not value.strip():
        return set()
    if value.startswith(VOCABULARY):
        return {MEMBERS.get(value.removeprefix(VOCABULARY), "")}
    types = {"Text"}
    if _is_address(value):
        types.add("URL")
    for name, read in (("Date", date.fromisoformat), ("Time", time.fromisoformat)):
        try:
            read(value)
        except ValueError:
            continue
        types.add(name)
    return types


def _is_address(value: Any) -> bool:
    parts = urlsplit(value) if isinstance(value, str) else None
    return bool(parts and parts.scheme in {"http", "https"} and parts.netloc)
