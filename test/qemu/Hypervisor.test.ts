import * as HypervisorContract from "../contract/HypervisorContract.ts"
import { layer } from "./trial.ts"

HypervisorContract.suite("QEMU in software", layer)
