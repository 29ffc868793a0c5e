import { posix } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Budget from "../../src/capability/Budget.ts"
import * as Gate from "../../src/capability/Gate.ts"
import * as Authority from "../../src/token/Authority.ts"
import type { TermsInput } from "../../src/token/Terms.ts"
import { calls, chains, circumstances, grants, hosts, paths, ports, statements } from "./statements.ts"
import { attenuate, mint, verify } from "./tokens.ts"

type Spent = Readonly<Record<string, Budget.Spent>>

/** What all layers together say, and what that costs each of them. */
const decide = ({ layers }: Authority.Authority, spent: Spent, call: Gate.Call) => {
  const verdicts = layers.map(({ capabilities, id }) => [id, Gate.decide(capabilities, spent[id] ?? {}, call)] as const)
  const tags = verdicts.map(([, { _tag }]) => _tag)
  if (tags.includes("Deny")) return { tag: "Deny", spent }
  const paid = verdicts.map(([id, verdict]) => [
    id,
    verdict._tag === "Deny" ? {} : Budget.spend(spent[id] ?? {}, verdict.capability)
  ])
  return { tag: tags.includes("Ask") ? "Ask" : "Allow", spent: { ...spent, ...Object.fromEntries(paid) } }
}

const strictness = ["Allow", "Ask", "Deny"]

const isSubset = (child: ReadonlyArray<string> | undefined, parent: ReadonlyArray<string> | undefined) =>
  parent === undefined || (child?.every((name) => parent.includes(name)) ?? false)

const isAtMost = (child: number | undefined, parent: number | undefined) =>
  parent === undefined || (child !== undefined && child <= parent)

const isWithin = (child: Authority.Authority, parent: Authority.Authority) => {
  let spent: Spent = {}
  for (const call of [...calls, ...calls]) {
    const narrow = decide(child, spent, call)
    const wide = decide(parent, spent, call)
    assert.isAtLeast(strictness.indexOf(narrow.tag), strictness.indexOf(wide.tag), JSON.stringify(call))
    spent = narrow.spent
  }
  for (const path of paths) {
    assert.isTrue(!Authority.canRead(child, path) || Authority.canRead(parent, path), path)
    assert.isTrue(!Authority.canWrite(child, path) || Authority.canWrite(parent, path), path)
  }
  for (const host of hosts) {
    for (const port of ports) {
      assert.isTrue(!Authority.canConnect(child, host, port) || Authority.canConnect(parent, host, port), host)
    }
  }
  for (const limit of ["memoryMebibytes", "cpuMillis", "wallMillis"] as const) {
    assert.isTrue(isAtMost(child.limits[limit], parent.limits[limit]), limit)
  }
  assert.isTrue(isAtMost(child.expiresMillis, parent.expiresMillis))
  assert.isTrue(isSubset(child.templates, parent.templates) && isSubset(child.languages, parent.languages))
  assert.deepStrictEqual(child.ids.slice(0, parent.ids.length), parent.ids)
  assert.deepStrictEqual(child.singleUses.slice(0, parent.singleUses.length), parent.singleUses)
  assert.isTrue(parent.use === "session" || child.use === "execution")
}

const options = { arbitrary: { runs: 150, size: 4 }, timeout: 120_000 }

let comparisons = 0

describe("for all grants and sequences of caveats", () => {
  it.prop(
    "A7 no caveat widens anything: what the child may, the parent may",
    [grants, chains],
    ([grant, caveats]) => {
      let text = mint(grant).text
      for (const caveat of caveats) {
        const narrower = attenuate(text, caveat).text
        for (const context of circumstances) {
          const [child, parent] = [verify(narrower, context), verify(text, context)]
          if (Result.isFailure(child)) continue
          comparisons++
          isWithin(child.success, Result.getOrThrow(parent))
        }
        text = narrower
      }
    },
    options
  )

  it("A7 often compares something", () => assert.isAbove(comparisons, 100))

  it.prop(
    "A7 a file or a host is allowed where the grant and every caveat that speaks of it allow it",
    [statements, chains],
    ([{ session, run, audience, notBeforeMillis, expiresMillis, templates, languages, use, ...grant }, caveats]) => {
      const narrowing = caveats.map(
        ({ files, network }): TermsInput => ({
          ...(files === undefined ? {} : { files }),
          ...(network === undefined ? {} : { network })
        })
      )
      const authority = Result.getOrThrow(verify(attenuate(mint(grant).text, ...narrowing).text))
      const stated = [{ files: {}, network: "none" as const, ...grant }, ...narrowing]
      for (const path of paths) {
        const isBelow = (folder: string) => `${posix.normalize(path)}/`.startsWith(folder === "/" ? "/" : `${folder}/`)
        const isReadable = stated.every(({ files }) => files === undefined || (files.read ?? []).some(isBelow))
        assert.strictEqual(Authority.canRead(authority, path), isReadable && path !== "/a/../..", path)
        const isWritable = stated.every(({ files }) => files === undefined || (files.write ?? []).some(isBelow))
        assert.strictEqual(Authority.canWrite(authority, path), isWritable && path !== "/a/../..", path)
      }
      for (const host of hosts.slice(0, -1)) {
        for (const port of ports) {
          const isCovered = (pattern: string) =>
            pattern.startsWith("*") ? host.toLowerCase().endsWith(pattern.slice(1)) : host === pattern
          const isReachable = stated.every(
            ({ network }) =>
              network === undefined ||
              (network !== "none" && network.some(({ host, ports }) => isCovered(host) && ports.includes(port)))
          )
          assert.strictEqual(Authority.canConnect(authority, host, port), isReachable, `${host}:${port}`)
        }
      }
    },
    options
  )
})
