// One turn as the page follows it.
import type { Decision, Deed, Proposal, Screen } from "../api.ts";

export type Stage =
  | "listening" // for speech to begin
  | "hearing" // speech
  | "understanding" // words are being recognised
  | "deciding"
  | "proposed" // waits for the user
  | "acting"
  | "over";

export interface Turn {
  id: number;
  stage: Stage;
  said: string;
  screen?: Screen; // as it was then, for samples
  proposal?: Proposal;
  changed?: Decision; // by the user
  deed?: Deed;
  reply: string;
  undone?: string;
  remembered?: boolean;
  problem?: string;
  timings: Record<string, number>;
}
