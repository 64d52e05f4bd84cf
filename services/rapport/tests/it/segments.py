"""What segmentation must say of the real file at some moments, worked out from its raw lines and the words alone.

    python segments.py online-retail.csv.zst 2011-03-31 2011-12-10

A day means the midnight of London that begins it. Prints one JSON object, moment by moment: `overview` in the form of
`rapport segments overview --json`, the lines `printed` without it, and some `members` as `rapport member show` tells
them: figures as with `--json`, and lines of `why` they are in their group as without it. The words are those of the
READMEs of segmentation and activity; nothing here is taken from their code. How a line is laid out is what a person
reads.
"""

import json
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from datetime import datetime, timezone
from fractions import Fraction

import duckdb

ZONE = "Europe/London"
DAY = 86_400
WEEK = 7 * DAY
LEAST_WEEKS = 4
OWN_CYCLE_PURCHASES = 4
DEFAULT_CYCLE_DAYS = 30

# A letter is high or low: recency, frequency, money.
GROUPS = {
    "HHH": "VIP", "HLH": "watched", "HHL": "promising", "HLL": "developing",
    "LHH": "keep", "LHL": "maintain", "LLH": "win back", "LLL": "dormant",
}

# As a person reads them, from the top. Who has never bought is in no group and comes before the groups.
LIFECYCLES = ["prospect", "new", "active", "sleeping", "lost", "deep"]
GROUP_ROWS = [("prospect", ""), *((name, letters) for letters, name in GROUPS.items())]
WIDEST_BAR = 30

# An invoice happened at the earliest of its lines' times, and is told in the order of time: what was bought before what
# came back, then as the file has it. Invoices with C are credits, those with A bad debts; a negative line without C sets
# stock right. Money is worked out to the minor unit line by line, half to even.
LINES = """
WITH raw AS (
    SELECT row_number() OVER () AS place, InvoiceNo AS invoice, StockCode AS product, Quantity::BIGINT AS quantity,
           InvoiceDate::TIMESTAMP AS told_at, UnitPrice::DECIMAL(18, 3) AS price, CustomerID AS member
    FROM read_csv($file, all_varchar = true, parallel = false)
), dated AS (
    SELECT *, min(told_at) OVER (PARTITION BY invoice) AS invoice_at, min(place) OVER (PARTITION BY invoice) AS invoice_place
    FROM raw
)
SELECT member, invoice, product, quantity, (quantity * price * 1000)::BIGINT AS thousandths,
       starts_with(invoice, 'C') AS credit, epoch(invoice_at AT TIME ZONE $zone)::BIGINT AS moment,
       epoch((invoice_at + INTERVAL 12 MONTH) AT TIME ZONE $zone)::BIGINT AS leaves,
       (invoice_at::DATE - DATE '1970-01-01') AS day, strftime(invoice_at, '%Y-%m') AS month
FROM dated
WHERE member IS NOT NULL AND member <> '' AND NOT starts_with(invoice, 'A')
  AND (starts_with(invoice, 'C') OR quantity > 0)
ORDER BY moment, credit, invoice_place, place
"""


def half_even(value):
    """The nearest whole number; of two equally near ones the even one."""
    return round(Fraction(value))


class Order:
    def __init__(self, line):
        self.at, self.leaves, self.day, self.month = line["moment"], line["leaves"], line["day"], line["month"]
        self.lines = []
        self.returned = []  # (when, money, units)

    def money(self):
        return sum(line.money for line in self.lines)

    def came_back(self, moment):
        """Money and units that had come back by then."""
        back = [(money, units) for when, money, units in self.returned if when <= moment]
        return sum(money for money, _ in back), sum(units for _, units in back)

    def money_at(self, moment):
        return self.money() - self.came_back(moment)[0]

    def stands_at(self, moment):
        """Bought by then, and not wholly back: all its money, or all its units where it cost nothing."""
        if self.at > moment:
            return False
        money, units = self.came_back(moment)
        return money < self.money() if self.money() else units < sum(line.quantity for line in self.lines)


class Line:
    def __init__(self, order, told):
        self.order, self.quantity, self.left = order, told["quantity"], told["quantity"]
        self.money = half_even(Fraction(told["thousandths"], 10))

    def take(self, units, when):
        """In proportion to the units, counted from the beginning."""
        def due(back):
            return half_even(Fraction(self.money * back, self.quantity))
        before = self.quantity - self.left
        self.left -= units
        self.order.returned.append((when, due(before + units) - due(before), units))


def read(file):
    """Orders by member, and when each member is first heard of."""
    cursor = duckdb.execute(LINES, {"file": file, "zone": ZONE})
    names = [column[0] for column in cursor.description]
    orders, known, bought, since = defaultdict(list), {}, defaultdict(list), {}
    for row in cursor.fetchall():
        line = dict(zip(names, row))
        member, product = line["member"], line["product"]
        since.setdefault(member, line["moment"])
        if not line["credit"]:
            key = (member, line["invoice"])
            if key not in known:
                known[key] = Order(line)
                orders[member].append(known[key])
            known[key].lines.append(Line(known[key], line))
            bought[member, product].append(known[key].lines[-1])
            continue
        # What names no order comes back from the member's newest earlier lines of the product; the rest finds none.
        wanted = -line["quantity"]
        for candidate in reversed(bought[member, product]):
            taken = min(wanted, candidate.left)
            if taken:
                candidate.take(taken, line["moment"])
                wanted -= taken
    return orders, since


def middle(values):
    """The exact median; of an even number the mean of the two middle ones."""
    values = sorted(values)
    half = len(values) // 2
    return Fraction(values[half]) if len(values) % 2 else Fraction(values[half - 1] + values[half], 2)


def cut(values):
    """The least whole value that is high where a value equal to the median is."""
    return -(-middle(values) // 1)


def quantile(values, permille):
    """The least value that so many do not exceed."""
    return next(value for value in values if bisect_right(values, value) * 1_000 >= permille * len(values))


def gaps(purchases):
    days = sorted({order.day for order in purchases})
    return [later - day for day, later in zip(days, days[1:])]


def cycle(values):
    return max(1, half_even(middle(values))) if values else None


def lifecycle(purchases, days, moment):
    """Windows are half-open: a purchase k C ago is no longer within k C. New and active come first."""
    if not purchases:
        return "prospect"
    def within(k):
        return sum(moment - order.at < k * days * DAY for order in purchases)
    three, between = within(3), within(6) - within(3)
    if three:
        return "new" if three == 1 else "active"
    if between:
        return "lost" if between == 1 else "sleeping"
    return "deep"


def permille(part, whole):
    return half_even(Fraction(1_000 * part, whole)) if whole > 0 else 0


def distribution(values):
    values = sorted(values)
    told = {name: quantile(values, part) for name, part in
            [("p10", 100), ("p25", 250), ("median", 500), ("p75", 750), ("p90", 900)]}
    mean = half_even(Fraction(sum(values), len(values)))
    return {"count": len(values), "min": values[0], **told, "max": values[-1], "mean": mean}


def cohorts(buyers):
    began, later = Counter(), defaultdict(Counter)
    for purchases in buyers.values():
        months = {order.month for order in purchases}
        first = min(months)
        began[first] += 1
        later[first].update(months - {first})
    return [{"month": month, "members": began[month],
             "months": [{"month": one, "buyers": later[month][one]} for one in sorted(later[month])]}
            for month in sorted(began)]


def figures(orders, since, moment):
    members = [member for member, at in since.items() if at <= moment]
    standing = {member: [order for order in orders.get(member, []) if order.stands_at(moment)] for member in members}
    buyers = {member: purchases for member, purchases in standing.items() if purchases}

    # R, F and M of the period: last purchase, how many, how much.
    period = {}
    for member, purchases in buyers.items():
        inside = [order for order in purchases if order.leaves > moment]
        if inside:
            period[member] = (max(order.at for order in inside), len(inside),
                              sum(order.money_at(moment) for order in inside))
    cuts = [cut(column) for column in zip(*period.values())]

    def letters(member):
        if member not in period:
            return "LLL"
        return "".join("H" if value >= least else "L" for value, least in zip(period[member], cuts))

    def group(member):
        return GROUPS[letters(member)] if member in buyers else "prospect"

    shop_cycle = cycle([gap for purchases in buyers.values() for gap in gaps(purchases)])

    def cycle_of(purchases):
        own = cycle(gaps(purchases)) if len(purchases) >= OWN_CYCLE_PURCHASES else None
        if own:
            return own, "their own purchases"
        if shop_cycle:
            return shop_cycle, "all purchases of the shop"
        return DEFAULT_CYCLE_DAYS, "the scheme: nobody has bought twice"

    def days(purchases):
        return cycle_of(purchases)[0]

    # Purchases a week, times 52, times the average amount.
    def yearly(purchases):
        weeks = max(Fraction(moment - min(order.at for order in purchases), WEEK), LEAST_WEEKS)
        return half_even(sum(order.money_at(moment) for order in purchases) * 52 / weeks)

    def member(name):
        purchases = standing[name]
        last = max(order.at for order in purchases)
        figures = last, *period.get(name, (last, 0, 0))[1:]
        return {"group": group(name), "chosen": lifecycle(purchases, days(purchases), moment), "purchases": len(purchases),
                "cycle_days": days(purchases), "ltv_yearly_minor": yearly(purchases), "last_purchase": instant(last),
                "why": letter_rows(letters(name), figures, cuts) + window_rows(purchases, *cycle_of(purchases), moment)}

    by_money = sorted((money for _, _, money in period.values()), reverse=True)
    best = by_money[:-(-len(by_money) // 5)]
    repeat = sum(len(purchases) >= 2 for purchases in buyers.values())
    overview = {
        "as_of": instant(moment),
        "members": len(members),
        "lifecycles": dict(Counter(lifecycle(each, days(each), moment) for each in standing.values())),
        "groups": dict(Counter(map(group, members))),
        "snapshot": {"population": len(period), "recency_from": instant(cuts[0]), "frequency_from": int(cuts[1]),
                     "monetary_from": int(cuts[2]), "shop_cycle_days": shop_cycle},
        "buyers": len(buyers),
        "repeat_buyers": repeat,
        "repurchase_permille": permille(repeat, len(buyers)),
        "lifetime_values": distribution([yearly(purchases) for purchases in buyers.values()]),
        "best_fifth_by_revenue": {
            "population": len(by_money), "members": len(best), "share_minor": sum(best), "total_minor": sum(by_money),
            "share_permille": permille(sum(best), sum(by_money)),
        },
        "cohorts": cohorts(buyers),
    }
    # For each group and each lifecycle the first who is in it.
    first = {}
    for name in sorted(buyers):
        first.setdefault(group(name), name)
        first.setdefault(lifecycle(standing[name], days(standing[name]), moment), name)
    # The file writes customers as fractions.
    members = {name.removesuffix(".0"): member(name) for name in first.values()}
    return {"overview": overview, "printed": printed(overview), "members": members}


def letter_rows(letters, figures, cuts):
    """Each letter with what it was worked out from and its cut."""
    (last, bought, spent), (recent, often, much) = figures, cuts
    told = [f"last bought {clock(instant(last))[:10]}, high from {clock(instant(recent))[:10]} on",
            f"{counted(bought, 'purchase')} in the period, high from {often:,}",
            f"{pounds(spent)} in the period, high from {pounds(int(much))}"]
    sides = ["high" if letter == "H" else "low" for letter in letters]
    return [f"{name} {side} {text}" for name, side, text in zip("RFM", sides, told)]


def window_rows(purchases, days, source, moment):
    """The cycle, and how many purchases lie in which of its windows; those with none are left out."""
    ends = [within * days * DAY for within in (1, 3, 6)]
    lie = Counter(bisect_right(ends, moment - order.at) for order in purchases)
    names = ["within C", "within 3 C", "within 6 C", "before"]
    bought = ", ".join(f"{lie[place]:,} {name}" for place, name in enumerate(names) if lie[place])
    return [f"cycle C {counted(days, 'day')}, from {source}", f"bought {bought}"]


def printed(told):
    """All lines of the overview as a person reads it, each with single spaces; empty ones are left out."""
    members, buyers, cuts, values = (told[name] for name in ["members", "buyers", "snapshot", "lifetime_values"])
    best = told["best_fifth_by_revenue"]
    quantiles = [("least", "min"), ("10 %", "p10"), ("25 %", "p25"), ("half", "median"), ("75 %", "p75"),
                 ("90 %", "p90"), ("most", "max"), ("mean", "mean")]

    def counts(rows, by_name):
        most = max(by_name.values())
        for name, *more in rows:
            if count := by_name.get(name, 0):
                yield [name, *more, f"{count:,}", percent(1_000 * count // members), bar(count, most)]

    lines = [
        ["Members by lifecycle"],
        *counts([(name,) for name in LIFECYCLES], told["lifecycles"]),
        [f"Members by RFM group: R high from {clock(cuts['recency_from'])}, F from {cuts['frequency_from']:,}, "
         f"M from {pounds(cuts['monetary_from'])}; medians of {counted(cuts['population'], 'buyer')}"],
        *counts(GROUP_ROWS, told["groups"]),
        ["Lifetime value, a year"],
        *([name, pounds(values[value]), bar(values[value], values["max"])] for name, value in quantiles),
        ["Coming back"],
        ["repurchase rate", percent(told["repurchase_permille"]),
         f"of {counted(buyers, 'buyer')} bought twice or more"],
        ["best fifth", percent(best["share_permille"]),
         f"of revenue from the best {best['members']:,} of {best['population']:,} buyers of the period:",
         f"{pounds(best['share_minor'])} of {pounds(best['total_minor'])}"],
        ["usual cycle", counted(cuts["shop_cycle_days"], "day"), "between two purchases"],
        ["Buyers by month of first purchase, and how many of them bought in the months after"],
        *retention(told["cohorts"]),
    ]
    return [" ".join(filter(None, cells)) for cells in lines]


def retention(told):
    """A line for each month of first purchases: what share of them bought in each month after, up to the last."""
    months = [cohort["month"] for cohort in told]
    yield ["month", "buyers", *(f"+{later}" for later in range(1, len(months)))]
    for place, cohort in enumerate(told):
        buyers = {one["month"]: one["buyers"] for one in cohort["months"]}
        later = [buyers.get(month, 0) for month in months[place + 1:]]
        shares = ["·" if not count else "<1 %" if 100 * count < cohort["members"] else f"{100 * count // cohort['members']} %"
                  for count in later]
        yield [cohort["month"], f"{cohort['members']:,}", *shares]


def bar(value, most):
    """As long as the part of the most, rounded down; the least that is something is seen."""
    return "▇" * max(1, WIDEST_BAR * value // most) if value else ""


def percent(permille):
    return f"{permille // 10}.{permille % 10} %"


def pounds(minor):
    return f"£ {minor // 100:,}.{minor % 100:02}"


def counted(number, one):
    return f"{number:,} {one if number == 1 else one + 's'}"


def clock(told):
    asked = "SELECT strftime($told::TIMESTAMPTZ AT TIME ZONE $zone, '%Y-%m-%d %H:%M')"
    return duckdb.execute(asked, {"told": told, "zone": ZONE}).fetchone()[0]


def instant(second):
    return datetime.fromtimestamp(int(second), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def main(file, days):
    orders, since = read(file)
    midnight = "SELECT epoch($day::TIMESTAMP AT TIME ZONE $zone)::BIGINT"
    moments = [duckdb.execute(midnight, {"day": day, "zone": ZONE}).fetchone()[0] for day in days]
    print(json.dumps({day: figures(orders, since, moment) for day, moment in zip(days, moments)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
