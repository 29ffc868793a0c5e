import { vi } from "@effect/vitest"
import * as SessionContract from "../contract/SessionContract.ts"
import type { Programs } from "../contract/session/Programs.ts"
import { leftOut } from "./leftOut.ts"
import { lacking, tierIn } from "./machines.ts"
import { patient, remains } from "./sessions.ts"

const call: Programs["call"] = (tool, amount) => `tool ${tool} --amount ${amount}`

const programs: Programs = {
  language: "shell",
  keep: (value) => `kept=${value}`,
  show: "echo $kept",
  print: (text) => `echo '${text}'`,
  complain: (text) => `echo '${text}' >&2`,
  count: (lines) => `seq 0 ${lines - 1}`,
  nap: "sleep 0.01",
  call,
  attempt: (tool, amount) => `if said=$(${call(tool, amount)} 2>&1); then echo "$said"; else echo "refused $said"; fi`,
  together: (tool, amounts) => `${amounts.map((amount) => `${call(tool, amount)} > /dev/null &`).join(" ")} wait`,
  write: (path, text) => `printf %s '${text}' > ${path}`,
  read: (path) => `cat ${path}; echo`,
  fail: "exit 3",
  spin: "while :; do :; done"
}

const why = await lacking("shell")

// A processor in software takes its time, and others may have it meanwhile.
vi.setConfig({ testTimeout: 120_000 })

if (why === undefined) {
  SessionContract.suite("microVM", {
    tier: (directory) => tierIn(directory, "shell"),
    programs,
    traits: {
      limits: patient,
      brief: { ...patient, cpuSliceMillis: 3_000, cpuRunMillis: 6_000 },
      isFailure: (result) => result._tag === "Completed" && result.value === '{"exitCode":3}',
      remains
    }
  })
} else {
  leftOut("sessions over the microVM tier", why)
}
