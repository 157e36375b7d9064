"""Fuzz of the ARM surface by its OpenAPI document (schemathesis): valid and broken requests for every operation of the document.

Whatever is asked, a reply is 2xx as the document says, or an ARM error body; it is never 5xx, carries x-ms-request-id, and shows nothing of another
tenant. Reads its orders as JSON on standard input (the token stays out of arguments and environment), prints one JSON summary on standard output.
"""

import json
import re
import sys
import time
from collections import Counter

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

# As many distinct findings as people read; the counts go on.
FINDINGS_MAX = 40
REQUEST_TIMEOUT_S = 20
SHOWN_MAX = 600
OPERATION = re.compile(r"/operations/([0-9a-f-]{36})")
CONFORMANCE = [
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]


def names_of(order):
    """Names that lead somewhere: without them every request would end at an unknown subscription.

    Three of four requests have real names everywhere; the others have some that are real or another tenant's, and keep what the fuzzer made up.
    """
    real = st.fixed_dictionaries({key: st.sampled_from(values) for key, values in order["real"].items()})
    others = st.fixed_dictionaries(
        {}, optional={key: st.sampled_from([*values[:1], *order["strange"].get(key, [])]) for key, values in order["real"].items()}
    )
    return st.one_of(real, real, real, others)


def short(text):
    return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…"


def why_not_arm(response, order):
    """What every reply must be, beside what the document says of it."""
    if response.status_code >= 500:
        return f"status {response.status_code}"
    if not response.headers.get("x-ms-request-id"):
        return "no x-ms-request-id"
    text = response.text
    for marker in order["hidden"]:
        if marker in text:
            return f"shows {marker}, which is another tenant's"
    if response.status_code < 300:
        return None
    try:
        error = json.loads(text).get("error")
    except (ValueError, AttributeError):
        return f"status {response.status_code} without JSON: {text[:80]!r}"
    if not isinstance(error, dict) or not all(isinstance(error.get(name), str) and error[name] for name in ("code", "message")):
        return f"status {response.status_code} without an ARM error body"
    return None


class Bearer(requests.auth.AuthBase):
    def __init__(self, token):
        self.token = token

    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class Fuzz:
    def __init__(self, order):
        self.order = order
        self.session = requests.Session()
        # As headers, of a case or of the session, it would be among what the fuzzer takes away.
        self.session.auth = Bearer(order["token"])
        self.statuses = Counter()
        self.operations = Counter()
        self.findings = {}
        self.operation_id = None
        self.cases = 0
        self.checks = CHECKS.get_by_names(CONFORMANCE)

    def note(self, operation, what, case, response):
        key = (operation.label, what.split("\n", 1)[0][:120])
        if key in self.findings:
            self.findings[key]["times"] += 1
        elif len(self.findings) < FINDINGS_MAX:
            request = response.request if response is not None else None
            body = request.body if request is not None else None
            shown = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
            path = "/" + request.url.split("://", 1)[1].split("/", 1)[1] if request is not None else case.formatted_path
            self.findings[key] = {
                "operation": operation.label,
                "what": short(what),
                "request": short(f"{case.method} {path} {shown or ''}".strip()),
                "reply": short(f"{response.status_code} {response.text}") if response is not None else "none",
                "times": 1,
            }

    def one(self, operation, case, names):
        known = {"operationId": self.operation_id} if self.operation_id is not None and self.cases % 2 == 0 else {}
        for key, value in {**names, **known}.items():
            if case.path_parameters is not None and key in case.path_parameters:
                case.path_parameters[key] = value
        # A version that nobody has ends every request at once, so that is asked for only where all names are made up, too.
        if names and case.query is not None and "api-version" in case.query:
            owners = (version for owner, version in self.order["versions"] if owner in operation.path)
            case.query["api-version"] = next(owners)
        self.cases += 1
        self.operations[operation.label] += 1
        try:
            response = case.call(
                session=self.session,
                timeout=REQUEST_TIMEOUT_S,
                verify=self.order["caFile"],
                allow_redirects=False,
            )
        except requests.exceptions.RequestException as error:
            # What the client itself refuses to send says nothing about the server; a connection that is cut does.
            refused = isinstance(error, (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL))
            self.statuses["not sent" if refused else "no reply"] += 1
            if not refused:
                self.note(operation, f"no reply: {error}", case, None)
            return
        self.statuses[str(response.status_code)] += 1
        begun = OPERATION.search(response.headers.get("Azure-AsyncOperation", ""))
        self.operation_id = begun.group(1) if begun is not None else self.operation_id
        problem = why_not_arm(response, self.order)
        if problem is not None:
            self.note(operation, problem, case, response)
            return
        try:
            case.validate_response(response, checks=self.checks)
        except BaseException as failure:
            if isinstance(failure, KeyboardInterrupt):
                raise
            said = [str(one) for one in getattr(failure, "exceptions", [failure])]
            self.note(operation, "; ".join(said), case, response)

    def run_operation(self, operation, examples, seed):
        for mode, share in ((GenerationMode.POSITIVE, 0.6), (GenerationMode.NEGATIVE, 0.4)):
            count = max(1, round(examples * share))
            try:
                strategy = operation.as_strategy(generation_mode=mode)
            except Exception:  # an operation that cannot be broken has no negative cases
                self.statuses[f"no {mode.value} cases"] += 1
                continue

            @hypothesis.seed(seed)
            @settings(
                max_examples=count,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
                print_blob=False,
            )
            @given(case=strategy, names=names_of(self.order))
            def ask(case, names):
                self.one(operation, case, names)

            try:
                ask()
            except hypothesis.errors.Unsatisfiable:
                self.statuses[f"no {mode.value} cases"] += 1


def main():
    order = json.load(sys.stdin)
    load_all_checks()
    schema = schemathesis.openapi.from_path(order["document"])
    schema.config.update(base_url=order["base"])
    fuzz = Fuzz(order)
    operations = [result.ok() for result in schema.get_all_operations()]
    began = time.monotonic()
    seed = order["seed"]
    # Operations that are exhausted early (few parameters) leave room, which further rounds with other seeds fill.
    while fuzz.cases < order["cases"]:
        before = fuzz.cases
        each = max(2, (order["cases"] - fuzz.cases) // len(operations))
        for operation in operations:
            fuzz.run_operation(operation, each, seed)
            if fuzz.cases >= order["cases"] or time.monotonic() - began > order["maxSeconds"]:
                break
        seed += 1
        if time.monotonic() - began > order["maxSeconds"] or fuzz.cases == before:
            break
    json.dump(
        {
            "seed": order["seed"],
            "cases": fuzz.cases,
            "operations": len(fuzz.operations),
            "ofOperations": len(operations),
            "seconds": round(time.monotonic() - began, 1),
            "statuses": dict(sorted(fuzz.statuses.items())),
            "findings": list(fuzz.findings.values()),
        },
        sys.stdout,
    )


main()
