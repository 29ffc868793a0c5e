/**
 * The templates with compilers, if they were built before: nothing is built here, that may take minutes. The others are at work in the
 * tests of machines and sessions.
 */
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { TestContext } from "vitest"
import * as Program from "../../src/process/Program.ts"
import * as Host from "../../src/qemu/Host.ts"
import * as Boot from "../../src/qemu/machine/Boot.ts"
import * as Shape from "../../src/qemu/Shape.ts"
import * as Cache from "../../src/template/Cache.ts"
import * as ImageBuild from "../../src/template/image/ImageBuild.ts"
import * as Registry from "../../src/template/Registry.ts"
import { shell } from "../microvm/guest.ts"
import { temporary } from "../qemu/directory.ts"
import { agentOf } from "../qemu/world.ts"

const templates = fileURLToPath(new URL("../../templates", import.meta.url))

/** The image that was built of a template, or the reason why there is none to be tried. */
const imageOf = Effect.fnUntraced(function* (name: string, { skip }: TestContext) {
  if (!(yield* Program.isInstalled("qemu-system-x86_64"))) return skip("qemu-system-x86_64 is not installed")
  const template = yield* Registry.find(templates, name)
  if (template.tier !== "microvm") return assert.fail(`${name} is of another tier`)
  const image = (yield* ImageBuild.built(template)).find(({ isCurrent }) => isCurrent)?.image
  return image ?? skip(`not built: caisson template build ${name}`)
})

/** What guest code finds around it. */
const surroundings = "export HOME=/home/guest PATH=/usr/local/bin:/usr/bin:/bin; cd /workspace"

/** What a script prints in a machine that was booted from a template's image and warmed up. */
const printed = (name: string, script: string, context: TestContext) =>
  Effect.gen(function* () {
    const image = yield* imageOf(name, context)
    const { cpus, memoryMebibytes } = image.template
    const host = yield* Host.detect(yield* temporary)
    const vm = yield* Boot.boot(host, { image, shape: Shape.emulated({ cpus, memoryMebibytes }) })
    const agent = yield* agentOf(vm)
    for (const { run } of image.template.warmUp) {
      const said = yield* shell(agent, `exec 2>&1; ${surroundings}; set -e; ${run}\necho warm`)
      assert.strictEqual(said.split("\n").at(-1), "warm", said)
    }
    return yield* shell(agent, `exec 2>&1; ${surroundings}; ${script}`)
  }).pipe(Effect.scoped)

const fixtures: ReadonlyArray<readonly [name: string, what: string, script: string, printed: string]> = [
  [
    "cpp-algorithm",
    "a program of C++20",
    `cat > a.cpp <<'END'
#include <bits/stdc++.h>
int main() { std::vector<int> v{3, 1, 2}; std::ranges::sort(v); for (int i : v) std::cout << i; }
END
g++ -I"$HOME/include" -std=c++20 -O2 a.cpp -o a && ./a`,
    "123"
  ],
  [
    "go-algorithm",
    "a program of Go",
    `cat > a.go <<'END'
package main
import ("fmt"; "sort")
func main() { v := []int{3, 1, 2}; sort.Ints(v); fmt.Print(v) }
END
go run a.go`,
    "[1 2 3]"
  ]
]

layer(Layer.provideMerge(Cache.layer, NodeServices.layer), { timeout: "15 minutes", excludeTestServices: true })(
  "a machine of a built template",
  (it) => {
    for (const [name, what, script, expected] of fixtures) {
      it.effect(
        `${name} runs ${what}`,
        (context) =>
          Effect.gen(function* () {
            assert.strictEqual(yield* printed(name, script, context), expected)
          }),
        900_000
      )
    }
  }
)
