import { assert, describe, it } from "@effect/vitest"
import { needsShell, Vm } from "../../src/quickjs/Vm.ts"
import { completed, epoch, vmOptions } from "./guest.ts"

const program = { ordinal: 1, language: "shell", source: "echo done", nowMillis: epoch, tools: [] } as const

/** More than the guest may use. */
const otherGuestsRun = (millis: number) => {
  const endMillis = performance.now() + millis
  while (performance.now() < endMillis) {}
}

describe("a guest whose shell is brought", () => {
  it("uses no time of its own until it is there", async () => {
    const vm = await Vm.boot(vmOptions({ limits: { cpuSliceMillis: 1_000, stackKibibytes: 256 } }))
    assert.strictEqual(vm.start(program), needsShell)
    otherGuestsRun(1_100)
    await vm.openShell()
    const turn = vm.proceed()
    assert(turn !== needsShell)
    assert.strictEqual(completed(turn).value, '{"exitCode":0}')
    assert.isBelow(turn.usage.cpuMillis, 1_000)
    vm.dispose()
  })
})
