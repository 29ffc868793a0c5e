import type { Reporter, TestModule } from "vitest/node"

/** One line for each reason for which tests of a file were left out. Tests that nobody chose have none. */
const linesOf = (module: TestModule): ReadonlyArray<string> => {
  const reasons = [...module.children.allTests("skipped")].flatMap((test) => {
    const result = test.result()
    return result.state === "skipped" && result.note ? result.note.trim().replaceAll(/\s+/g, " ") : []
  })
  return [...new Set(reasons)].map((reason) => {
    const count = reasons.filter((other) => other === reason).length
    return `LEFT OUT ${module.relativeModuleId} (${count} ${count === 1 ? "test" : "tests"}): ${reason}`
  })
}

/** Says after all tests which were left out, and why: on a terminal as well as anywhere else. */
export default class LeftOutReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>) {
    for (const line of modules.flatMap(linesOf)) process.stdout.write(`${line}\n`)
  }
}
