import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { exitCodes } from "../ExitCode.ts"
import { Ended } from "../Problem.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"
import * as Place from "../template/Place.ts"
import type { Tier } from "./Finding.ts"

const embedded = Effect.promise(() => import("./Embedded.ts")).pipe(
  Effect.flatMap(({ findings }) => findings),
  Effect.map((findings): Tier => ({ tier: "embedded", findings }))
)

const microvm = Effect.gen(function* () {
  const DoctorPrograms = yield* Effect.promise(() => import("./Programs.ts"))
  const DoctorHost = yield* Effect.promise(() => import("./Host.ts"))
  const DoctorMachines = yield* Effect.promise(() => import("./Machines.ts"))
  const directories = yield* Place.directories(undefined)
  const programs = yield* DoctorPrograms.findings
  const host = yield* DoctorHost.findings
  const machines = yield* DoctorMachines.findings(directories, programs[0]?.state === "ok")
  return { tier: "microvm", findings: [...programs, ...host, ...machines] } satisfies Tier
}).pipe(Effect.provide(Place.layer))

/** `caisson doctor`. */
export const doctor = Command.make(
  "doctor",
  {
    tier: Flag.Literals("tier", ["embedded", "microvm"]).pipe(
      Flag.withDescription("Look at this tier alone, and end with 1 if it does not work"),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    )
  },
  Effect.fnUntraced(function* ({ tier: asked }) {
    const { json } = yield* root
    const Finding = yield* Effect.promise(() => import("./Finding.ts"))
    const { out } = yield* Screen
    const tiers = [...(asked === "microvm" ? [] : [yield* embedded]), ...(asked === "embedded" ? [] : [yield* microvm])]
    const ok = Finding.isWell(tiers, asked)
    if (json) {
      const told = tiers.map((tier) => ({ ...tier, verdict: Finding.verdictOf(tier) }))
      yield* out.say(JSON.stringify({ ok, tiers: told }))
    } else for (const tier of tiers) yield* out.say(Finding.tierLines(tier, out).join("\n"))
    if (!ok) return yield* new Ended({ exitCode: exitCodes.failed.code })
  })
).pipe(
  Command.withDescription(
    "Says what this host has and lacks for each tier, and what mends it: 0 if the embedded tier works, and the microVM tier works or is not installed; with --tier, if that one works; else 1"
  )
)
