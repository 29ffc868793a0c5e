import type { Refused, Refusals as Told } from "../machine/Turn.ts"
import type { Refusal } from "../policy/machine/Decider.ts"

/** Of one turn; the others are counted. */
const toldMax = 64
/** UTF-16 units of a text that is told. */
const lengthMax = 1_024

/** A text, or its head and its tail: both can show what somebody was after. */
const shorten = (text: string): string => {
  if (text.length <= lengthMax) return text.toWellFormed()
  const half = lengthMax / 2
  return `${text.slice(0, half)}…${text.slice(1 - half)}`.toWellFormed()
}

/** What a guest was refused by its rules, until its host asks. */
export class Refusals {
  #first: Array<Refused> = []
  #more = 0

  /** Gives the reason, for the guest. */
  note(kind: Refused["kind"], subject: string, refusal: Refusal): string {
    const { effect, layer, policy, reason, rule } = refusal
    if (this.#first.length === toldMax) this.#more++
    else
      this.#first.push({
        kind,
        subject: shorten(subject),
        effect,
        layer,
        ...(policy === undefined ? {} : { policy }),
        ...(rule === undefined ? {} : { rule }),
        reason: shorten(reason)
      })
    return reason
  }

  /** What there was since this was last asked; undefined if that is nothing. */
  take(): Told | undefined {
    if (this.#first.length === 0) return undefined
    const told = { first: this.#first, more: this.#more }
    this.#first = []
    this.#more = 0
    return told
  }
}
