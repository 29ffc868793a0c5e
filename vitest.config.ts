import { configDefaults, defineConfig } from "vitest/config"

/** Tests that boot machines in software, which share the processors with all else: what took too long for once is tried again. */
const machines = [
  "test/cli/{DoctorMachines,FilesOfMachines,TemplateBuild,TemplatePrune}.test.ts",
  "test/microvm/{Analysis,Demo,Honeytokens,Hostile,Limits,Machine,Rules,Session,SessionContract,Shell}.test.ts",
  "test/qemu/{ControlGroup,Hypervisor,Lifecycle,Orphans}.test.ts",
  "test/template/{Build,Languages}.test.ts"
]

export default defineConfig({
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: "forks",
    maxWorkers: 2,
    reporters: [...configDefaults.reporters, "./test/LeftOutReporter.ts"],
    projects: [
      { extends: true, test: { name: "all but machines", include: ["test/**/*.test.ts"], exclude: machines } },
      {
        extends: true,
        test: {
          name: "machines",
          include: machines,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          retry: { count: 1, condition: /timed out/i }
        }
      }
    ]
  }
})
