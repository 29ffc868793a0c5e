import type { Host } from "../Host.ts"
import * as Roster from "../process/Roster.ts"
import { strip } from "../snapshot/Machines.ts"

/**
 * Ends what was left by owners that were killed: processes, and the directories of machines that only they had use for. Machines
 * that were put to disk stay.
 */
export const reap = (host: Host) => Roster.reap(host.roster, strip)
