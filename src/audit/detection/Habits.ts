/**
 * What is usual for a tenant. It is learned from calls that were let through, in the order in which they were made.
 *
 * H1. Its memory is bounded: once there is no room, nothing new is learned, and `isFull` says so.
 * H2. One session cannot make something usual after the learning time: see `Familiar`.
 */
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Familiar from "./Familiar.ts"
import * as Hash from "./Hash.ts"
import * as Magnitude from "./Magnitude.ts"
import type { Quantity, Reading } from "./Reading.ts"
import type { Settings } from "./Settings.ts"
import * as Shape from "./Shape.ts"

/** Shapes of one argument that are told apart; an argument with more can be anything. */
const shapesMax = 8
/** Of one call, fields that are looked at. */
const fieldsOfCallMax = 32

export interface Field {
  /** Of a number its value, of a text its length. */
  readonly magnitude: Magnitude.Magnitude
  readonly shapes: ReadonlyArray<string>
  /** It had characters that break out of where they stand. */
  readonly brokeOut: boolean
}

export interface Habits {
  /** Calls learned from. */
  readonly calls: number
  readonly methods: Familiar.Familiar
  readonly destinations: Familiar.Familiar
  /** By method and place; see `textSuffix`. */
  readonly fields: HashMap.HashMap<string, Field>
  readonly isFull: boolean
}

export const empty: Habits = {
  calls: 0,
  methods: Familiar.empty,
  destinations: Familiar.empty,
  fields: HashMap.empty(),
  isFull: false
}

const newField: Field = { magnitude: Magnitude.empty, shapes: [], brokeOut: false }

/** Texts and numbers in one place are two fields. */
export const textSuffix = "#"

const nameOf = (method: string, path: string): string => `${method} ${path}`

export const fieldOf = (habits: Habits, method: string, path: string): Field | undefined =>
  Option.getOrUndefined(HashMap.get(habits.fields, nameOf(method, path)))

/** The first of each place: a list of a thousand items says as much as its first one. */
export const firstOfEach = <Part extends { readonly path: string }>(
  parts: ReadonlyArray<Part>
): ReadonlyArray<Part> => {
  if (parts.length < 2) return parts
  const seen = new Set<string>()
  const first: Array<Part> = []
  for (const part of parts) {
    if (seen.has(part.path)) continue
    seen.add(part.path)
    first.push(part)
    if (first.length >= fieldsOfCallMax) break
  }
  return first
}

/** The largest number of each place, since a list can hide one among many. */
export const largestOfEach = (quantities: ReadonlyArray<Quantity>): ReadonlyArray<Quantity> => {
  if (quantities.length < 2) return quantities
  const largest = new Map<string, Quantity>()
  for (const quantity of quantities) {
    const known = largest.get(quantity.path)
    if (known === undefined && largest.size >= fieldsOfCallMax) continue
    if (known === undefined || Math.abs(known.value) < Math.abs(quantity.value)) largest.set(quantity.path, quantity)
  }
  return [...largest.values()]
}

const withShape = (field: Field, text: string): Pick<Field, "shapes" | "brokeOut"> => {
  const brokeOut = field.brokeOut || Shape.breaksOut(text)
  if (field.shapes.length > shapesMax) return { shapes: field.shapes, brokeOut }
  const shape = Shape.of(text)
  return { shapes: field.shapes.includes(shape) ? field.shapes : [...field.shapes, shape], brokeOut }
}

/** Whether an argument has only ever been names, numbers or codes of few forms: in prose, every sentence is of a new one. */
export const isUniform = ({ shapes }: Field): boolean =>
  shapes.length > 0 && shapes.length <= shapesMax && !shapes.some((shape) => shape.includes(" "))

export interface Lesson {
  readonly method: string
  readonly session: string
  readonly reading: Reading
  /** Who gets the call's data. */
  readonly owners: ReadonlyArray<string>
}

const learnFields = (habits: Habits, { method, reading }: Lesson, settings: Settings) => {
  const tolerance = settings.rules.drift
  let isFull = habits.isFull
  const fields = HashMap.mutate(habits.fields, (fields) => {
    const learn = (path: string, size: number, text: string | undefined) => {
      const name = nameOf(method, path)
      const known = Option.getOrUndefined(HashMap.get(fields, name))
      if (known === undefined && HashMap.size(fields) >= settings.bounds.fields) {
        isFull = true
        return
      }
      const field = known ?? newField
      const magnitude = Magnitude.learn(field.magnitude, size, tolerance)
      HashMap.set(fields, name, { ...field, magnitude, ...(text === undefined ? {} : withShape(field, text)) })
    }
    for (const { path, value } of largestOfEach(reading.quantities)) learn(path, value, undefined)
    for (const { path, text } of firstOfEach(reading.texts)) learn(path + textSuffix, text.length, text)
  })
  return { fields, isFull }
}

/** The habits after one more call that was let through. */
export const learn = (habits: Habits, lesson: Lesson, settings: Settings): Habits => {
  const { firstSeen } = settings.rules
  const meeting = {
    session: Hash.ofText(lesson.session),
    learning: habits.calls < firstSeen.learning,
    sessionsMax: firstSeen.sessions
  }
  const { destinations: destinationsMax, methods: methodsMax } = settings.bounds
  const methods = Familiar.meet(habits.methods, { ...meeting, most: methodsMax, name: lesson.method })
  let { destinations } = habits
  for (const name of lesson.owners) {
    destinations = Familiar.meet(destinations, { ...meeting, most: destinationsMax, name })
  }
  const { fields, isFull } = learnFields(habits, lesson, settings)
  const isCrowded = HashMap.size(methods) >= methodsMax || HashMap.size(destinations) >= destinationsMax
  return { calls: habits.calls + 1, methods, destinations, fields, isFull: isFull || isCrowded }
}
