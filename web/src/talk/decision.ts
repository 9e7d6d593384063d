// A decision as single actions, and back: {"action", …} or {"actions": […]}.
import type { ActionSpec, Decision, Screen } from "../api.ts";

export interface Act {
  name: string;
  arguments: Record<string, unknown>;
}

export function actsOf(decision: Decision): Act[] {
  const list = Array.isArray(decision.actions) ? (decision.actions as Decision[]) : [decision];
  return list.map(({ action, reply: _, ...rest }) => ({
    name: String(action),
    arguments: isRecord(rest.arguments) && Object.keys(rest).length === 1 ? rest.arguments : rest,
  }));
}

export function decisionOf(acts: Act[], specs: ActionSpec[]): Decision {
  const list = acts.map(({ name, arguments: given }) => {
    const spec = specs.find((one) => one.name === name);
    const nested = spec?.parameters.some((parameter) => parameter.name === "action") ?? false;
    return nested ? { action: name, arguments: given } : { action: name, ...given };
  });
  return list.length === 1 ? list[0]! : { actions: list };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// An element's name instead of its id; what else it may be as people read it.
export function shown(value: unknown, screen: Screen | undefined): string {
  if (typeof value !== "string") {
    return JSON.stringify(value);
  }
  return screen?.elements.find((element) => element.id === value)?.name || value;
}
