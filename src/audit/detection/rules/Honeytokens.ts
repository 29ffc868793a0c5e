import * as Disguise from "../Disguise.ts"
import { pieceLength } from "../Marks.ts"
import * as Matcher from "../Matcher.ts"
import { type Finding, nothing, type Rule, type Scene } from "../Scene.ts"
import type { Honeytoken } from "../Settings.ts"

/** Which characters of which tokens were seen, by number. */
type Memory = ReadonlyMap<number, ReadonlyArray<boolean>>

interface Sightings {
  /** Forms by token. */
  readonly whole: ReadonlyMap<number, string>
  readonly pieces: Memory
}

const covered = (
  known: ReadonlyArray<boolean> | undefined,
  length: number,
  position: number
): ReadonlyArray<boolean> => {
  const isKnown = known?.slice(position, position + pieceLength).every(Boolean)
  if (known !== undefined && isKnown === true) return known
  const next = known === undefined ? Array.from({ length }, () => false) : [...known]
  return next.fill(true, position, position + pieceLength)
}

const share = (pieces: ReadonlyArray<boolean>): number => pieces.filter(Boolean).length / pieces.length

const search = (memory: Memory, scene: Scene): Sightings => {
  const { matcher, settings } = scene.stage
  const whole = new Map<number, string>()
  let pieces: Map<number, ReadonlyArray<boolean>> | undefined
  const look = (text: string, state: number, how: string): number =>
    matcher.search(text, state, (mark) => {
      if (mark._tag === "Token" && !whole.has(mark.token)) whole.set(mark.token, how === "" ? mark.form : how)
      if (mark._tag !== "Piece") return
      pieces ??= new Map(memory)
      const { length } = settings.honeytokens[mark.token]?.value ?? ""
      pieces.set(mark.token, covered(pieces.get(mark.token), length, mark.position))
    })
  let state = Matcher.beginning
  for (const { text } of scene.reading.texts) {
    state = look(text, state, "")
    const letters = Disguise.unspaced(text)
    if (letters !== undefined) look(letters, Matcher.beginning, "spelled out")
  }
  for (const key of scene.reading.keys) look(key, Matcher.beginning, "")
  for (const { by, text } of scene.unveiled) look(text, Matcher.beginning, by)
  for (const { text } of scene.streams) {
    look(text, Matcher.beginning, "in small pieces")
    for (const { text: decoded } of Disguise.undo(text)) look(decoded, Matcher.beginning, "in small pieces")
  }
  return { whole, pieces: pieces ?? memory }
}

const finding = ({ name }: Honeytoken, form: string, where: string): Finding => ({
  rule: "honeytoken",
  severity: "critical",
  title: "a honeytoken was used",
  subject: name,
  evidence: [],
  details: { honeytoken: name, form, where }
})

/** A honeytoken in anything that a guest sends or prints: whole, in pieces, or in another encoding. Reading one raises nothing. */
export const honeytokens: Rule<Memory, "CallDecided" | "Output" | "RunEnded"> = {
  sees: ["CallDecided", "Output", "RunEnded"],
  empty: new Map(),
  step: (memory, scene) => {
    const { honeytokens, rules } = scene.stage.settings
    if (honeytokens.length === 0) return [memory, nothing]
    const { observation } = scene
    const where = observation._tag === "CallDecided" ? observation.method : observation._tag
    const { pieces, whole } = search(memory, scene)
    const found = honeytokens.flatMap((honeytoken, token): ReadonlyArray<Finding> => {
      const form = whole.get(token)
      if (form !== undefined) return [finding(honeytoken, form, where)]
      const seen = pieces.get(token)
      const isNew = seen !== undefined && seen !== memory.get(token)
      return isNew && share(seen) >= rules.honeytokens.pieces ? [finding(honeytoken, "in pieces", where)] : nothing
    })
    return [pieces, found]
  }
}
