import * as MachineContract from "../contract/MachineContract.ts"
import { pythonPrograms as programs } from "../guest/interpreter/pythonPrograms.ts"
import { leftOut } from "./leftOut.ts"
import { inPython, lacking, tierOf } from "./machines.ts"
import { small } from "./sessions.ts"

const why = await lacking("python-data-analysis")

if (why === undefined) {
  MachineContract.suite("microVM", {
    tier: inPython(tierOf("python-data-analysis", small)),
    programs,
    traits: { spinMillis: 1_000, hasQuota: false, hasVirtualTimes: false, namesFiles: false }
  })
} else {
  leftOut("machines of the microVM tier", why)
}
