import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { Machines } from "../../src/machine/Machine.ts"
import { InForce } from "../../src/policy/InForce.ts"
import * as JournalMemory from "../../src/session/journal/JournalMemory.ts"
import { Sessions } from "../../src/session/Sessions.ts"
import { policyOf } from "../policy/policies.ts"
import { temporary } from "../qemu/directory.ts"
import { completed } from "../session/results.ts"
import { leftOut } from "./leftOut.ts"
import { lacking, tierIn } from "./machines.ts"
import { granted, patient } from "./sessions.ts"

const template = "shell"

const tier = Layer.unwrap(Effect.map(temporary, (directory) => tierIn(directory, template)))

const open = "defaults: { commands: allow, files: allow }"
const removal = "{ id: gone, effect: deny, commands: rm -rf, reason: what is deleted is gone }"

const why = await lacking(template)

if (why !== undefined) leftOut("rules of the microVM tier", why)
else
  layer(tier, { timeout: "15 minutes", excludeTestServices: true })("a real machine under a policy", (it) => {
    it.effect(
      "is given no script that the policy is against, and nothing while a rule of files could not be kept",
      () =>
        Effect.gen(function* () {
          const machines = yield* Machines
          let policy = policyOf(`${open}\nrules: [${removal}]`)
          const sessions = Sessions.layer().pipe(
            Layer.provide(JournalMemory.layer),
            Layer.provide(Layer.succeed(Machines, machines)),
            Layer.provide(
              Layer.succeed(
                InForce,
                Effect.sync(() => policy)
              )
            )
          )
          const made = Context.get(yield* Layer.build(Layer.fresh(sessions)), Sessions)
          const session = yield* made.open({ ...(yield* granted()), limits: patient })
          const refused = (code: string) => Effect.map(Effect.flip(session.run(code)), ({ reason }) => reason)
          yield* session.run("mkdir /tmp/d")
          assert.deepInclude(yield* refused("cd /; sudo rm -r -f /tmp/d"), { _tag: "CodeRefused", rule: "gone" })
          assert.deepStrictEqual(completed(yield* session.run("test -d /tmp/d")), { exitCode: 0 })
          policy = policyOf("defaults: { commands: allow }")
          assert.deepInclude(yield* refused("true"), { _tag: "RulesNotKept", kind: "files" })
        }).pipe(Effect.scoped),
      120_000
    )
  })
