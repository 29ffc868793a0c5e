/** Takes an observation apart, once for all rules. */
import * as Destination from "./Destination.ts"
import * as Disguise from "./Disguise.ts"
import type { Habits } from "./Habits.ts"
import type { Observation } from "./Observation.ts"
import * as Reading from "./Reading.ts"
import { nothing, type Scene, type Stage, type Standing } from "./Scene.ts"
import * as Trickle from "./Trickle.ts"

const blank: Reading.Reading = { texts: [], quantities: [], keys: [], isPartial: false }
const noStanding: Standing = { isPrivileged: false, isEgress: false, takesPaths: false }
/** Of one call, places whose texts are followed. */
const followedMax = 8
const namesHost = /\/(?:host|hostname|domain|server|endpoint)$/i

const readingOf = (observation: Observation, most: number): Reading.Reading => {
  switch (observation._tag) {
    case "CallDecided":
      return Reading.of(observation.input, most)
    case "RunEnded":
      return observation.value === undefined ? blank : Reading.of(observation.value, most)
    case "Output":
      return {
        ...blank,
        texts: [{ path: observation.stream, text: Reading.clip(observation.text, most) }],
        isPartial: observation.text.length > most
      }
    case "CallSettled":
      return { ...blank, isPartial: (observation.value?.length ?? 0) > most }
    default:
      return blank
  }
}

const destinationsOf = ({ texts }: Reading.Reading): ReadonlyArray<Destination.Destination> =>
  texts.flatMap(({ path, text }): ReadonlyArray<Destination.Destination> => {
    const url = Destination.ofUrl(text)
    if (url !== undefined) return [url]
    if (Destination.isRecipient(path)) return Destination.ofRecipients(text)
    const host = namesHost.test(path) ? Destination.ofHost(text) : undefined
    return host === undefined ? nothing : [host]
  })

const follow = (trickle: Trickle.Trickle, place: string, texts: ReadonlyArray<Reading.Leaf>) => {
  const streams: Array<Trickle.Stream> = []
  let next = trickle
  for (const { path, text } of texts.slice(0, followedMax)) {
    const flow = Trickle.add(next, `${place} ${path}`, text)
    next = flow.trickle
    streams.push(...flow.streams)
  }
  return { trickle: next, streams }
}

export interface Sight {
  readonly scene: Scene
  readonly trickle: Trickle.Trickle
}

/** The scene of an observation, and the session's streams with it. */
export const of = (stage: Stage, observation: Observation, habits: Habits, before: Trickle.Trickle): Sight => {
  const isCall = observation._tag === "CallDecided" || observation._tag === "CallSettled"
  const standing = isCall ? stage.standing(observation.method) : noStanding
  const reading = readingOf(observation, stage.settings.bounds.textCharacters)
  const leaves = observation._tag === "CallDecided" ? standing.isEgress || !observation.readOnly : !isCall
  const place = observation._tag === "CallDecided" ? observation.method : observation._tag
  const { streams, trickle } = leaves ? follow(before, place, reading.texts) : { streams: nothing, trickle: before }
  const unveiled = reading.texts.flatMap(({ text }) => Disguise.undo(text))
  const destinations = observation._tag === "CallDecided" && standing.isEgress ? destinationsOf(reading) : nothing
  return { scene: { stage, observation, standing, reading, unveiled, streams, destinations, habits }, trickle }
}
