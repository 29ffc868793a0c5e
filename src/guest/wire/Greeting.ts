import * as Schema from "effect/Schema"
import { Bytes, instant, ProcessId, Text } from "./Fields.ts"

/** The version of the messages. Frames have a version of their own. */
export const version = 1

export const nonceBytes = 16
export const entropyBytes = 32
const processesMax = 256

/**
 * What a host says first on every connection, whether the guest was booted, cloned or resumed: nothing in the guest may go on
 * with the clock and the randomness of the moment at which it was frozen.
 */
export const Hello = Schema.Struct({
  version: Schema.Literal(version),
  nonce: Bytes(nonceBytes),
  ...instant,
  entropy: Bytes(entropyBytes),
  /** The guest's host name from now on. */
  hostname: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[a-z0-9][a-z0-9-]{0,62}$/u)))
})
export type Hello = typeof Hello.Type

/** A process that the agent knows. One that has ended is known until its host lets go of it. */
export const KnownProcess = Schema.Struct({ id: ProcessId, state: Schema.Literals(["running", "ended"]) })
export type KnownProcess = typeof KnownProcess.Type

/** What a guest can do, beyond what each can. */
export const Ability = Schema.Literals(["terminal", "watch", "memoryLimit", "processLimit", "cpuLimit", "freeze"])
export type Ability = typeof Ability.Type

/** The agent's answer to a hello, after it has done what the hello asks for. */
export const Welcome = Schema.Struct({
  version: Schema.Literal(version),
  /** The nonce of the hello that is answered. */
  nonce: Bytes(nonceBytes),
  /** The agent's release. */
  agent: Text,
  /** Chance, drawn when the agent started: another one means another agent, and that its processes are gone. */
  generation: Bytes(nonceBytes),
  /** The guest's clock after it was set. */
  ...instant,
  clockSet: Schema.Boolean,
  reseeded: Schema.Boolean,
  /** Drawn from the kernel's generator after it was seeded: two clones never give the same. */
  sample: Bytes(nonceBytes),
  /** What the guest was booted from, as its command line says; empty if that says nothing. */
  template: Text,
  abilities: Schema.Array(Ability),
  processes: Schema.Array(KnownProcess).check(Schema.isMaxLength(processesMax))
})
export type Welcome = typeof Welcome.Type
