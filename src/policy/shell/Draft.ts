/** What the reading of a script is made of. */

/** What stops the reading of a script: it is malformed, or beyond a bound. */
export class Unreadable {
  readonly why: string
  constructor(why: string) {
    this.why = why
  }
}

/** Reads the commands in substitutions, and gives the feed of what they write. */
export interface Substitutions {
  /** Commands up to the closing parenthesis, which is left to be read. They write to the word, or read what is written to it. */
  readonly inParentheses: (direction: "from" | "to") => number
  readonly inText: (script: string) => number
}

/** A word while it is read. Its text has marks. */
export interface Draft {
  text: string
  splits: boolean
  expands: boolean
  varies: boolean
  /** Feeds whose text it holds. */
  readonly sources: Array<number>
  /** Feeds that read what is written to it. */
  readonly sinks: Array<number>
}

export const makeDraft = (): Draft => ({
  text: "",
  splits: false,
  expands: false,
  varies: false,
  sources: [],
  sinks: []
})
