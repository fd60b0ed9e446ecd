"""The functions and operators that rules may use, as signatures: CEL's own and those that Kubernetes adds.

The set is that of kube-apiserver 1.34 for new rules (k8s.io/apiserver/pkg/cel/environment): strings, lists, regex,
URLs, quantities, IP addresses, CIDRs, semantic versions, formats, sets, optionals, comprehensions of two variables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from controller.sandbox.api.schema.cel.types import Type

# One signature a line; a leading dot marks a method, whose first parameter is its target. A and B stand for any type;
# N is each of the numbers, C each of the types with an order, S each of the types that can be summed.
_SIGNATURES = """
!_(bool) bool
-_(int) int
-_(double) double
_&&_(bool, bool) bool
_||_(bool, bool) bool
_?_:_(bool, A, A) A
_==_(A, A) bool
_!=_(A, A) bool
_<_(C, C) bool
_<=_(C, C) bool
_>_(C, C) bool
_>=_(C, C) bool
_<_(int, double) bool
_<_(double, int) bool
_<_(int, uint) bool
_<_(uint, int) bool
_<=_(int, double) bool
_<=_(double, int) bool
_>_(int, double) bool
_>_(double, int) bool
_>=_(int, double) bool
_>=_(double, int) bool
_+_(N, N) N
_+_(string, string) string
_+_(bytes, bytes) bytes
_+_(list<A>, list<A>) list<A>
_+_(duration, duration) duration
_+_(timestamp, duration) timestamp
_+_(duration, timestamp) timestamp
_-_(N, N) N
_-_(duration, duration) duration
_-_(timestamp, duration) timestamp
_-_(timestamp, timestamp) duration
_*_(N, N) N
_/_(N, N) N
_%_(int, int) int
_%_(uint, uint) uint
_[_](list<A>, int) A
_[_](map<A, B>, A) B
_[_](optional<list<A>>, int) optional<A>
_[_](optional<map<A, B>>, A) optional<B>
_[?_](list<A>, int) optional<A>
_[?_](map<A, B>, A) optional<B>
_[?_](optional<list<A>>, int) optional<A>
_[?_](optional<map<A, B>>, A) optional<B>
@in(A, list<A>) bool
@in(A, map<A, B>) bool
dyn(A) dyn
type(A) type<A>
size(string) int
size(bytes) int
size(list<A>) int
size(map<A, B>) int
.size(string) int
.size(bytes) int
.size(list<A>) int
.size(map<A, B>) int
bool(bool) bool
bool(string) bool
int(int) int
int(uint) int
int(double) int
int(string) int
int(timestamp) int
uint(uint) uint
uint(int) uint
uint(double) uint
uint(string) uint
double(double) double
double(int) double
double(uint) double
double(string) double
string(string) string
string(bool) string
string(int) string
string(uint) string
string(double) string
string(bytes) string
string(timestamp) string
string(duration) string
string(ip) string
string(cidr) string
bytes(bytes) bytes
bytes(string) bytes
timestamp(timestamp) timestamp
timestamp(string) timestamp
timestamp(int) timestamp
duration(duration) duration
duration(string) duration
duration(int) duration
matches(string, string) bool
.matches(string, string) bool
.contains(string, string) bool
.startsWith(string, string) bool
.endsWith(string, string) bool
.getFullYear(timestamp) int
.getMonth(timestamp) int
.getDate(timestamp) int
.getDayOfMonth(timestamp) int
.getDayOfWeek(timestamp) int
.getDayOfYear(timestamp) int
.getHours(timestamp) int
.getHours(duration) int
.getMinutes(timestamp) int
.getMinutes(duration) int
.getSeconds(timestamp) int
.getSeconds(duration) int
.getMilliseconds(timestamp) int
.getMilliseconds(duration) int
.charAt(string, int) string
.indexOf(string, string) int
.indexOf(string, string, int) int
.indexOf(list<A>, A) int
.lastIndexOf(string, string) int
.lastIndexOf(string, string, int) int
.lastIndexOf(list<A>, A) int
.lowerAscii(string) string
.upperAscii(string) string
.trim(string) string
.replace(string, string, string) string
.replace(string, string, string, int) string
.split(string, string) list<string>
.split(string, string, int) list<string>
.substring(string, int) string
.substring(string, int, int) string
.join(list<string>) string
.join(list<string>, string) string
.format(string, list<dyn>) string
strings.quote(string) string
.find(string, string) string
.findAll(string, string) list<string>
.findAll(string, string, int) list<string>
.isSorted(list<C>) bool
.sum(list<S>) S
.min(list<C>) C
.max(list<C>) C
sets.contains(list<A>, list<A>) bool
sets.equivalent(list<A>, list<A>) bool
sets.intersects(list<A>, list<A>) bool
url(string) url
isURL(string) bool
.getScheme(url) string
.getHost(url) string
.getHostname(url) string
.getPort(url) string
.getEscapedPath(url) string
.getQuery(url) map<string, list<string>>
quantity(string) quantity
isQuantity(string) bool
sign(quantity) int
.isInteger(quantity) bool
.asInteger(quantity) int
.asApproximateFloat(quantity) double
.add(quantity, quantity) quantity
.add(quantity, int) quantity
.sub(quantity, quantity) quantity
.sub(quantity, int) quantity
.isGreaterThan(quantity, quantity) bool
.isLessThan(quantity, quantity) bool
.compareTo(quantity, quantity) int
ip(string) ip
isIP(string) bool
ip.isCanonical(string) bool
.family(ip) int
.isUnspecified(ip) bool
.isLoopback(ip) bool
.isLinkLocalMulticast(ip) bool
.isLinkLocalUnicast(ip) bool
.isGlobalUnicast(ip) bool
cidr(string) cidr
isCIDR(string) bool
.containsIP(cidr, string) bool
.containsIP(cidr, ip) bool
.containsCIDR(cidr, string) bool
.containsCIDR(cidr, cidr) bool
.ip(cidr) ip
.prefixLength(cidr) int
.masked(cidr) cidr
semver(string) semver
semver(string, bool) semver
isSemver(string) bool
isSemver(string, bool) bool
.major(semver) int
.minor(semver) int
.patch(semver) int
.isGreaterThan(semver, semver) bool
.isLessThan(semver, semver) bool
.compareTo(semver, semver) int
.validate(format, string) optional<list<string>>
format.named(string) optional<format>
optional.of(A) optional<A>
optional.none() optional<A>
optional.ofNonZeroValue(A) optional<A>
.hasValue(optional<A>) bool
.value(optional<A>) A
.or(optional<A>, optional<A>) optional<A>
.orValue(optional<A>, A) A
"""
FORMATS = (
    *("dns1123Label", "dns1123Subdomain", "dns1035Label", "qualifiedName", "dns1123LabelPrefix"),
    *("dns1123SubdomainPrefix", "dns1035LabelPrefix", "labelValue", "uri", "uuid", "byte", "date", "datetime"),
)
_CHOICES = {
    "N": ("int", "uint", "double"),
    "C": ("int", "uint", "double", "bool", "string", "bytes", "duration", "timestamp"),
    "S": ("int", "uint", "double", "duration"),
}


@dataclass(frozen=True, eq=False)
class Overload:
    """One form of a function; a method's first parameter is its target."""

    name: str
    method: bool
    params: tuple[Type, ...]
    result: Type


_LINE = re.compile(r"(\.?)(.+?)\((.*)\) (\S.*)$")


@cache
def overloads() -> dict[str, tuple[Overload, ...]]:
    """Every function's forms by its name."""
    found: dict[str, list[Overload]] = {}
    for line in _SIGNATURES.strip().splitlines():
        match = _LINE.match(line)
        if match is None:
            raise ValueError(f"not a signature: {line}")
        letter = next((letter for letter in _CHOICES if re.search(rf"\b{letter}\b", line)), "")
        for choice in _CHOICES.get(letter, ("",)):
            params, result = (
                (re.sub(rf"\b{letter}\b", choice, text) if letter else text) for text in match.group(3, 4)
            )
            types = tuple(_parsed(text) for text in _split(params))
            found.setdefault(match[2], []).append(Overload(match[2], bool(match[1]), types, _parsed(result)))
    for name in FORMATS:
        found[f"format.{name}"] = [Overload(f"format.{name}", False, (), Type("format"))]
    return {name: tuple(forms) for name, forms in found.items()}


def _split(text: str) -> list[str]:
    """Parameters, apart at the commas outside of brackets."""
    out, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += {"<": 1, ">": -1}.get(char, 0)
        if char == "," and not depth:
            out.append(text[start:i].strip())
            start = i + 1
    return [*out, text[start:].strip()] if text.strip() else []


def _parsed(text: str) -> Type:
    name, bracket, rest = text.partition("<")
    if bracket:
        kind = {"optional": "optional_type"}.get(name, name)
        return Type(kind, tuple(_parsed(part) for part in _split(rest[:-1])))
    if text in ("A", "B"):
        return Type(f"param:{text}")
    return Type(text)
