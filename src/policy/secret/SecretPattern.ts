import { type Charset, type Detector, places, runs, type Span } from "./Detector.ts"

/** A prefix, and behind it a run of characters; of a run that is longer than `max`, that many. */
export interface SecretPattern {
  readonly prefix: string
  readonly charset: Charset
  readonly min: number
  readonly max: number
}

/** Finds what begins with a prefix and goes on with enough characters of a charset. */
export const detector = (name: string, { charset, max, min, prefix }: SecretPattern): Detector => ({
  name,
  prefix,
  scan: (text, from, isEnd) => {
    const endOf = runs(text, charset)
    const { all, partial } = places(text, prefix, from)
    let settled = isEnd ? text.length : partial
    const spans: Array<Span> = []
    for (const at of all) {
      const start = at + prefix.length
      const end = endOf(start)
      if (end - start >= min) spans.push({ from: at, to: Math.min(end, start + max) })
      if (!isEnd && end === text.length && start + max > end) settled = Math.min(settled, at)
    }
    return { spans, settled }
  }
})

/** Finds a text as it is. */
export const literal = (name: string, text: string): Detector =>
  detector(name, { prefix: text, charset: "visible", min: 0, max: 0 })
