import * as Destination from "../Destination.ts"
import * as Disguise from "../Disguise.ts"
import * as Familiar from "../Familiar.ts"
import type { ObservationOf } from "../Observation.ts"
import { clip } from "../Reading.ts"
import { type Finding, nothing, type Rule, type Scene, type Step } from "../Scene.ts"
import * as Sketch from "../Sketch.ts"
import * as Window from "../Window.ts"

/** What went to one stranger: characters that were read, and all characters lately. */
interface Recipient {
  readonly owner: string
  readonly copied: Window.Window
  readonly sent: Window.Window
}

export interface Memory {
  /** What was read. */
  readonly sketch: Sketch.Sketch
  /** Bytes read lately. */
  readonly read: Window.Window
  /** Characters that were read and went to one stranger each, to all of them, to known ones, and to anybody in disguise. */
  readonly toEach: ReadonlyArray<Recipient>
  readonly toStrangers: Window.Window
  readonly toKnown: Window.Window
  readonly disguised: Window.Window
}

const empty: Memory = {
  sketch: Sketch.empty,
  read: Window.empty,
  toEach: [],
  toStrangers: Window.empty,
  toKnown: Window.empty,
  disguised: Window.empty
}

/** Texts that are shorter cannot hide much, and are most of all texts. */
const worthReversing = 24
const recipientsMax = 32
/** A text in the place of a recipient that is longer is no address. */
const addressMax = 128
const ownerMax = 320

const afterRead = (memory: Memory, { observation, stage, standing }: Scene<ObservationOf<"CallSettled">>): Memory => {
  const isRead = observation.readOnly && observation.receipt === "committed" && !standing.isEgress
  if (!isRead) return memory
  const { bounds, rules } = stage.settings
  const { atMillis, id, outputBytes, value = "" } = observation
  return {
    ...memory,
    sketch:
      value.length < Sketch.runLength
        ? memory.sketch
        : Sketch.add(memory.sketch, clip(value, bounds.textCharacters), bounds.fingerprints),
    read: Window.add(memory.read, rules.exfiltration.sealedMillis, atMillis, outputBytes, id)
  }
}

interface Load {
  readonly copied: number
  readonly disguised: number
  readonly length: number
}

const told = (sketch: Sketch.Sketch, text: string): number =>
  Disguise.undo(text).reduce((sum, { text }) => sum + Sketch.copied(sketch, text), Sketch.copied(sketch, text))

/** How much of what was read is in what is sent. */
const loadOf = (sketch: Sketch.Sketch, { reading, streams, unveiled }: Scene): Load => {
  let copied = 0
  let disguised = 0
  let length = 0
  for (const { path, text } of reading.texts) {
    length += text.length
    // To send somebody something, one has to have read the address.
    if (text.length <= addressMax && Destination.isRecipient(path)) continue
    const plain = Sketch.copied(sketch, text.includes("%") ? Disguise.percent(text) : text)
    copied += plain
    if (plain === 0 && text.length >= worthReversing) disguised += Sketch.copied(sketch, Disguise.reversed(text))
  }
  for (const key of reading.keys) copied += Sketch.copied(sketch, key)
  for (const { by, text } of unveiled) {
    const found = Sketch.copied(sketch, text)
    if (by === "hex") disguised += found
    else if (by === "base64") copied += found
  }
  const sum = copied + disguised
  if (sum > 0 || sketch.size === 0) return { copied: sum, disguised, length }
  for (const { before, text } of streams) copied = Math.max(copied, told(sketch, text) - told(sketch, before))
  return { copied, disguised, length }
}

/** Habits say nothing of a destination until they are learned: what goes out first must not vouch for itself. */
const isStranger = ({ habits, stage }: Scene, { host, owner }: Destination.Destination): boolean => {
  if (Destination.isBelow(host, stage.settings.trusted)) return false
  const { learning, sessions } = stage.settings.rules.firstSeen
  return habits.calls < learning || !Familiar.knows(habits.destinations, owner, sessions)
}

const findingsOf = (memory: Memory, scene: Scene<ObservationOf<"CallDecided">>): ReadonlyArray<Finding> => {
  const { copied, copiedToKnown, disguised, sealed, sealedMillis, spread, windowMillis } =
    scene.stage.settings.rules.exfiltration
  const { atMillis, method } = scene.observation
  const hosts = [...new Set(scene.destinations.map(({ host }) => host.slice(0, 255)))].slice(0, 8)
  const finding = (title: string, window: Window.Window, threshold: number, severity: "medium" | "high"): Finding => ({
    rule: "exfiltration",
    severity,
    title,
    evidence: [...memory.read.evidence.slice(-7), ...window.evidence],
    details: { method, hosts, characters: Math.round(window.total), threshold, windowMillis }
  })
  if (memory.disguised.total >= disguised) {
    return [finding("what was read leaves in disguise", memory.disguised, disguised, "high")]
  }
  const owners = new Set(scene.destinations.map(({ owner }) => owner))
  const most = memory.toEach.find((each) => owners.has(each.owner) && each.copied.total >= copied)
  if (most !== undefined) return [finding("what was read goes to a stranger", most.copied, copied, "high")]
  if (memory.toStrangers.total >= spread) {
    return [finding("what was read goes to many strangers", memory.toStrangers, spread, "high")]
  }
  if (memory.toKnown.total >= copiedToKnown) {
    return [finding("very much of what was read leaves", memory.toKnown, copiedToKnown, "medium")]
  }
  if (Window.totalAt(memory.read, sealedMillis, atMillis) < sealed) return nothing
  const largest = memory.toEach.find((each) => owners.has(each.owner) && each.sent.total >= sealed)
  if (largest === undefined) return nothing
  return [finding("a large write to a stranger follows large reads", largest.sent, sealed, "medium")]
}

const recipient = (each: ReadonlyArray<Recipient>, owner: string): Recipient =>
  each.find((one) => one.owner === owner) ?? { owner, copied: Window.empty, sent: Window.empty }

const afterSending = (memory: Memory, scene: Scene<ObservationOf<"CallDecided">>): Step<Memory> => {
  if (!scene.standing.isEgress) return [memory, nothing]
  const { sealedMillis, windowMillis } = scene.stage.settings.rules.exfiltration
  const { atMillis, id } = scene.observation
  const strangers = scene.destinations.filter((destination) => isStranger(scene, destination))
  const { copied, disguised, length } = loadOf(memory.sketch, scene)
  if (length === 0 && copied === 0) return [memory, nothing]
  const grown = (window: Window.Window, amount: number, spanMillis = windowMillis): Window.Window =>
    amount === 0 ? window : Window.add(window, spanMillis, atMillis, amount, id)
  const credit = (each: ReadonlyArray<Recipient>, owner: string): ReadonlyArray<Recipient> => {
    const before = recipient(each, owner)
    const after = { owner, copied: grown(before.copied, copied), sent: grown(before.sent, length, sealedMillis) }
    return [...each.filter((one) => one.owner !== owner).slice(-(recipientsMax - 1)), after]
  }
  const owners = new Set(strangers.map(({ owner }) => owner.slice(0, ownerMax)))
  const next: Memory = {
    ...memory,
    disguised: grown(memory.disguised, disguised),
    toEach: [...owners].reduce(credit, memory.toEach),
    toStrangers: grown(memory.toStrangers, owners.size > 0 ? copied : 0),
    toKnown: grown(memory.toKnown, owners.size > 0 ? 0 : copied)
  }
  return [next, findingsOf(next, scene)]
}

/**
 * What was read by read-only methods, and then leaves: copied, encoded, reversed, in pieces of any size, or so much of something
 * else that it can be the same encrypted.
 */
export const exfiltration: Rule<Memory, "CallDecided" | "CallSettled"> = {
  sees: ["CallDecided", "CallSettled"],
  empty,
  step: (memory, scene) => {
    const { observation } = scene
    if (observation._tag === "CallSettled") return [afterRead(memory, { ...scene, observation }), nothing]
    return afterSending(memory, { ...scene, observation })
  }
}
