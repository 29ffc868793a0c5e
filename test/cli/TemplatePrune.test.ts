import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { standings } from "../../src/cli/template/Prune.ts"
import { lacking, tierIn } from "../microvm/machines.ts"
import { makeTemplates } from "./templateCommand.ts"

const stored = (name: string, madeMillis: number, machines: ReadonlyArray<string> = []) => ({
  name,
  key: `${name}-${madeMillis}`,
  bytes: 1,
  madeMillis,
  machines
})

describe("what there is to say for snapshots", () => {
  it("is that one is the last of its template, or that a machine needs it", () => {
    const all = [stored("b", 1), stored("a", 1), stored("a", 3, ["m"]), stored("a", 2, ["n"])]
    assert.deepStrictEqual(
      standings(all).map(({ key, standing }) => [key, standing]),
      [
        ["a-3", "latest"],
        ["a-2", "in use"],
        ["a-1", "old"],
        ["b-1", "latest"]
      ]
    )
    assert.deepStrictEqual(standings([]), [])
  })
})

describe("caisson template prune", () => {
  it.live("says why there are no snapshots to be had, and nothing of runs", () =>
    Effect.gen(function* () {
      const { cache, command } = makeTemplates()
      writeFileSync(cache, "")
      const { code, notes } = yield* command("template", "prune")
      assert.strictEqual(code, 69)
      assert.match(notes, /^snapshots of templates cannot be had: [^;]+$/)
    })
  )

  it.live(
    "removes old snapshots, when it is told to",
    (context) =>
      Effect.gen(function* () {
        const why = yield* Effect.promise(() => lacking("shell"))
        context.skip(why !== undefined, why)
        const { cache, command, json } = makeTemplates()
        const directory = join(cache, "machines")
        const make = (memoryMebibytes: number) =>
          Effect.scoped(Effect.provide(Effect.void, tierIn(directory, "shell", { memoryMebibytes })))
        assert.deepStrictEqual((yield* json("template", "prune")).value, { snapshots: [] })
        yield* make(192)
        yield* make(256)
        const states = () =>
          Effect.map(json("template", "prune"), ({ value }) =>
            value.snapshots.map(({ state, template }: Record<string, unknown>) => [template, state])
          )
        const before = [
          ["shell", "latest"],
          ["shell", "old"]
        ]
        assert.deepStrictEqual(yield* states(), before)
        const shown = yield* command("template", "prune")
        assert.match(shown.out, /^shell +[0-9a-f]{12} +latest +\S+ \S+ +\d{4}-.*\nshell +[0-9a-f]{12} +old /)
        assert.match(shown.notes, /^old ones take .*: caisson template prune --remove removes them; sessions that/)
        assert.deepStrictEqual(yield* states(), before, "to look removes nothing")
        const { value } = yield* json("template", "prune", "--remove")
        assert.deepStrictEqual(
          value.snapshots.map(({ state }: Record<string, unknown>) => state),
          ["latest", "removed"]
        )
        const [kept, removed] = value.snapshots.map(({ snapshot }: Record<string, string>) =>
          join(directory, "snapshots", "shell", snapshot ?? "")
        )
        assert.isTrue(existsSync(kept))
        assert.isFalse(existsSync(removed))
        assert.deepStrictEqual(yield* states(), [["shell", "latest"]])
      }),
    180_000
  )
})
