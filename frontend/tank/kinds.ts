/** What the device keeps: lists, acts, and what it knows of the server. The names are those of the API. */
export interface Tube {
  code: string;
  also: string[];
  line: string;
  lot: string;
  state: string;
  way: [kind: string, name: string][];
  box: string;
  box_also: string;
  position: string;
  stay: number | null;
  place: string;
  reserved_for: string;
  /** Causes of holds; a list that was kept by an older page has none. */
  held?: string[];
}

export interface Picture {
  rows: string[];
  columns: string[];
  places: string[];
}

export interface WorkList {
  code: string;
  kind: "pick" | "put_away";
  title: string;
  state: string;
  tubes: Tube[];
  boxes: Record<string, Picture>;
}

export type ActKind = "pick" | "not_there" | "put" | "move" | "take_out" | "move_box";

/** An act as it is sent; it never changes once it is kept. */
export interface Act {
  uuid: string;
  kind: ActKind;
  tube: string;
  stated_at: string;
  contact_at: string;
  offset_ms: number;
  since_contact_ms: number | null;
  list: string;
  box: string;
  position: string;
  elsewhere: boolean;
  use: string;
  known: boolean;
  stay: number | null;
  place: string;
  after: string;
}

export interface KeptAct {
  key?: number;
  person: number;
  name: string;
  act: Act;
  outcome: "waiting" | "conflict" | "refused";
  reason: string;
  id: number;
}

export interface Outcome {
  id: number;
  uuid: string;
  outcome: "done" | "conflict" | "refused";
  reason: string;
}

export interface OpenList {
  code: string;
  kind: string;
  title: string;
  waiting: number;
}

/** The last time that the server answered: its clock, the device's, and who was signed in. */
export interface Contact {
  at: string;
  offset_ms: number;
  person: number;
  name: string;
  csrf: string;
  conflicts: number;
  lists: OpenList[];
}
