import { assert, describe, it } from "@effect/vitest"
import { FileTree } from "../../src/file/FileTree.ts"
import { defaults } from "../../src/machine/Limits.ts"
import { Host } from "../../src/quickjs/Host.ts"

const make = (cpuSliceMillis: number) =>
  new Host({
    limits: { ...defaults, cpuSliceMillis },
    onOutput: () => {},
    interrupted: () => false,
    files: new FileTree()
  })

/** Time in which this thread has no processor, as on a host that is busy with others. */
const idle = (millis: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millis)

const burnUntilStopped = (host: Host) => {
  const { system, user } = process.threadCpuUsage()
  for (;;) {
    if (!host.mustStop()) continue
    const now = process.threadCpuUsage()
    return (now.system + now.user - system - user) / 1_000
  }
}

describe("the CPU time of a guest", () => {
  it("stands still while others have the processor", () => {
    const host = make(50)
    host.begin(0, 0)
    idle(100)
    assert.isFalse(host.mustStop())
    assert.isBelow(host.cpuMillis, 50)
    burnUntilStopped(host)
    assert.deepInclude(host.stop, { reason: "CpuLimit" })
    assert.isAtLeast(host.cpuMillis, 50)
  })

  it("does not pass while the guest waits for its host", () => {
    const host = make(20)
    host.begin(0, 0)
    host.pause()
    const other = make(40)
    other.begin(0, 0)
    burnUntilStopped(other)
    host.proceed()
    assert.isFalse(host.mustStop())
  })

  it("is counted in turns that are shorter than a tick of the system", () => {
    const host = make(1_000)
    let counted = 0
    let onClock = 0
    for (let turn = 0; turn < 300; turn++) {
      idle(1)
      host.begin(0, 0)
      const begun = performance.now()
      while (performance.now() - begun < 0.3) {}
      const millis = performance.now() - begun
      if (millis > 1) continue // others had the processor meanwhile
      onClock += millis
      counted += host.cpuMillis
    }
    assert.isAbove(counted, onClock / 4)
    assert.isBelow(counted, onClock * 1.5)
  })

  it("counts half for a turn that is made again", () => {
    const host = make(20)
    host.begin(0, 0, { isAgain: true })
    assert.isAtLeast(burnUntilStopped(host), 40 - 1)
    assert.isBelow(host.cpuMillis, 40)
  })
})
