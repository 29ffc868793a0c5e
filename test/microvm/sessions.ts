/** Sessions over real machines: a directory with one template, and processes that come and go. */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { Context, Effect, Layer, Schema } from "effect"
import * as Capability from "../../src/capability/Capability.ts"
import { Machines } from "../../src/machine/Machine.ts"
import { Hypervisor } from "../../src/microvm/Hypervisor.ts"
import * as JournalSql from "../../src/session/journal/JournalSql.ts"
import * as Sqlite from "../../src/session/journal/Sqlite.ts"
import { type OpenOptions, Sessions, type SessionsOptions } from "../../src/session/Sessions.ts"
import * as Tool from "../../src/tool/Tool.ts"
import * as Toolkit from "../../src/tool/Toolkit.ts"
import { temporary } from "../qemu/directory.ts"
import { groupsIn, processesIn, processOf } from "../qemu/trial.ts"
import { type Kept, tierIn } from "./machines.ts"

export const template = "python-data-analysis"

/** A Python that loads quickly, in a small machine. */
export const small = { memoryMebibytes: 256, preload: [], warmUp: [] } as const

/** A tier of its own for one file of tests. */
export class Grounds extends Context.Service<
  Grounds,
  {
    readonly directory: string
    readonly tier: Machines["Service"]
    readonly hypervisor: Hypervisor["Service"]
  }
>()("test/microvm/Grounds") {}

/** Grounds in a directory that is there. */
export const groundsIn = (directory: string, kept?: Kept) =>
  Layer.effect(
    Grounds,
    Effect.map(Layer.build(tierIn(directory, template, small, kept)), (context) => ({
      directory,
      tier: Context.get(context, Machines),
      hypervisor: Context.get(context, Hypervisor)
    }))
  )

/** Grounds that are gone with the layer. */
export const grounds = Layer.unwrap(Effect.map(temporary, (directory) => groundsIn(directory)))

export const journalIn = (directory: string) =>
  JournalSql.layer.pipe(Layer.provide(Sqlite.layer({ filename: join(directory, "journal.sqlite") })))

/** Sessions of this process over the journal in the directory, until the scope is closed. */
export const sessions = Effect.fnUntraced(function* (
  options?: SessionsOptions,
  changed: Partial<Machines["Service"]> = {}
) {
  const { directory, tier } = yield* Grounds
  const layer = Sessions.layer(options).pipe(
    Layer.provide(journalIn(directory)),
    Layer.provide(Layer.succeed(Machines, { ...tier, ...changed }))
  )
  return Context.get(yield* Layer.build(Layer.fresh(layer)), Sessions)
})

/** A processor in software takes long for everything. */
export const patient = { cpuSliceMillis: 30_000, cpuRunMillis: 60_000, wallMillis: 120_000 }

/** `ask` gives its amount back, `pay` leaves a trace of that in a list, `refund` has to be asked for. */
export const granted = Effect.fnUntraced(function* (
  paid: Array<number> = [],
  paying: Effect.Effect<void> = Effect.void
) {
  const Amount = Schema.Struct({ amount: Schema.Number })
  const said = { input: Amount, output: Schema.Number }
  const toolkit = yield* Toolkit.make([
    Tool.make("ask", {
      ...said,
      description: "gives its amount back",
      readOnly: true,
      execute: ({ amount }) => Effect.succeed(amount)
    }),
    Tool.make("pay", {
      ...said,
      description: "pays",
      execute: ({ amount }) =>
        Effect.suspend(() => {
          paid.push(amount)
          return Effect.as(paying, amount)
        })
    }),
    Tool.make("refund", {
      ...said,
      description: "pays back",
      execute: ({ amount }) => Effect.sync(() => -amount)
    })
  ])
  const capabilities = [
    Capability.Capability.make({ methods: ["ask", "pay"] }),
    Capability.Capability.make({ methods: "refund", mode: "ask" })
  ]
  return { toolkit, capabilities, limits: patient } satisfies OpenOptions
})

/** The machines that there are in a directory now. */
export const machinesIn = (directory: string): ReadonlyArray<string> =>
  readdirSync(join(directory, "roster")).map((name) => name.replace(/\.json$/, ""))

/** Ends the hypervisor of a machine as a failure of the host would. */
export const killMachine = (directory: string, id: string): void =>
  void process.kill(processOf(directory, id), "SIGKILL")

/** What is left of machines that were in a directory: files, groups and processes. */
export const remains = (directory: string): ReadonlyArray<string> => [
  ...["machines", "roster"].flatMap((name) => readdirSync(join(directory, name)).map((entry) => join(name, entry))),
  ...groupsIn(directory),
  // Processes of tests name the directory as well.
  ...processesIn(join(directory, "machines"))
]
