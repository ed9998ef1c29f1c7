"""Limits on time and money: a run is shortened where its length is free, else what would keep the limit is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import floor

from assistant.catalogue.offers import NO_PRICES, OWN, offers
from assistant.core.intent import Intent
from assistant.core.values import Cost, Finding, Plan, Reason
from assistant.planner.plan import Planned


def cost_of(plan: Plan, intent: Intent) -> Cost | None:
    """What the run costs at the cheapest offer, on the said cloud if one was; None without hours or a price, and on machines of one's own."""
    time, machine = plan.time, plan.hardware
    if time is None or time.hours is None or time.low is None or time.high is None or intent.cloud in NO_PRICES:
        return None
    spot = bool(intent.spot)
    found = [
        (price.usd_per_hour, offer.cloud, price.as_of)
        for offer in offers(machine.gpu.name, machine.count, nodes=machine.nodes)
        if intent.cloud in (None, offer.cloud) and (price := offer.price(spot=spot))
    ]
    if not found:
        return None
    hourly, cloud, as_of = min(found, key=lambda f: (f[0], f[1]))
    hourly *= machine.nodes
    return Cost(dollars=hourly * time.hours, low=hourly * time.low, high=hourly * time.high, hourly=hourly, cloud=cloud, as_of=as_of, spot=spot)


def hours_allowed(intent: Intent, plan: Plan) -> float | None:
    """The tighter of the two limits, in hours of this machine; None where none was said or none can be computed."""
    limits = [intent.max_hours] if intent.max_hours else []
    cost = cost_of(plan, intent)
    if intent.max_dollars and cost:
        limits.append(intent.max_dollars / cost.hourly)
    return min(limits) if limits else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgeted:
    """A plan under the limits: `over` says by how much it breaks them, empty when it keeps them."""

    planned: Planned
    notes: tuple[Reason, ...] = ()
    findings: tuple[Finding, ...] = ()
    over: str = ""


def keep_budget(intent: Intent, planned: Planned, replan: Callable[[Intent], Planned]) -> Budgeted:
    """The plan, shortened to the limits where nobody fixed its length."""
    plan = planned.plan
    if not (intent.max_hours or intent.max_dollars) or not plan.fits:
        return Budgeted(planned=planned)
    allowed = hours_allowed(intent, plan)
    hours = plan.time.hours if plan.time else None
    missing = _missing(intent, plan)
    if allowed is None or hours is None:
        return Budgeted(planned=planned, findings=missing)
    if hours <= allowed:
        return _filled(intent, planned, replan, missing)
    words = f"about {_hours(hours)} on this machine, and {_hours(allowed)} are allowed"
    steps = steps_within(intent, plan)
    if intent.epochs or intent.max_steps or steps < 1:
        return Budgeted(planned=planned, findings=missing, over=words)
    shorter = replan(intent.model_copy(update={"max_steps": steps}))
    why = f"the limit: the whole run would take {words}; it stops after this many steps"
    shorter = replace(shorter, plan=_with_reason(shorter.plan, Reason(field="max_steps", value=steps, why="as many as the limit leaves room for")))
    return Budgeted(planned=shorter, findings=missing, notes=(Reason(field="max_steps", value=steps, why=why),))


def _filled(intent: Intent, planned: Planned, replan: Callable[[Intent], Planned], missing: tuple[Finding, ...]) -> Budgeted:
    """A run without an end of its own takes the hours that were said; money is a limit alone."""
    steps = steps_within(intent, planned.plan)
    if not intent.max_hours or intent.max_steps or planned.plan.objective != "pretrain" or steps <= (planned.plan.max_steps or 0):
        return Budgeted(planned=planned, findings=missing)
    longer = replan(intent.model_copy(update={"max_steps": steps}))
    reason = Reason(field="max_steps", value=steps, why=f"as many as {_hours(hours_allowed(intent, planned.plan) or 0.0)} leave room for: this run has no natural end")
    return Budgeted(planned=replace(longer, plan=_with_reason(longer.plan, reason)), findings=missing, notes=(reason,))


def _with_reason(plan: Plan, reason: Reason) -> Plan:
    return replace(plan, decisions=tuple(reason if one.field == reason.field else one for one in plan.decisions))


def steps_within(intent: Intent, plan: Plan) -> int:
    """Optimizer steps that the limits leave room for; 0 when that is not known."""
    allowed = hours_allowed(intent, plan)
    if not allowed or plan.time is None or not plan.time.hours or not plan.time.steps:
        return 0
    return floor((plan.time.steps - 1) * allowed / plan.time.hours)  # the last step may be a short one


def _missing(intent: Intent, plan: Plan) -> tuple[Finding, ...]:
    """A limit that cannot be checked is said."""
    reason = ""
    if plan.time is None or plan.time.hours is None:
        reason = plan.time_unknown or "the time is not known"
    elif intent.max_dollars and intent.cloud in NO_PRICES:
        reason = OWN
    elif intent.max_dollars and cost_of(plan, intent) is None:
        reason = f"no price is known for {plan.hardware.count}x{plan.hardware.gpu.name}" + (f" on {intent.cloud}" if intent.cloud else "")
    if not reason:
        return ()
    message = f"the limit on time or money is not checked: {reason}"
    return (Finding(rule="REQ002", severity="warning", path="budget", message=message, fix="watch the first steps, or set training.max_steps"),)


def _hours(hours: float) -> str:
    return f"{hours * 60:.0f} min" if hours < 1 else f"{hours:.1f} h"


