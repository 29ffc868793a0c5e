/** What the model wrote: cells of one notebook, of which each uses what the ones before it left. */
export const steps: ReadonlyArray<{ readonly say: string; readonly code: string }> = [
  {
    say: "Reads the export, and sums it up by month and region",
    code: `
import pandas as pd

sales = pd.read_csv("sales.csv", parse_dates=["date"])
print(f"{len(sales):,} rows, {sales['date'].min():%d %b} to {sales['date'].max():%d %b %Y}")
monthly = sales.pivot_table(
    index=sales["date"].dt.strftime("%Y-%m"), columns="region", values="revenue", aggfunc="sum"
).round(0)
monthly`
  },
  {
    say: "Draws it, finds who is behind, and asks for a campaign in the middle of an expression",
    code: `
import matplotlib.pyplot as plt

targets = pd.Series(tools.shop.targets())
behind = (monthly.iloc[-1] - targets).sort_values()
ranking = iter(behind.index)

figure, axes = plt.subplots(figsize=(8, 4.5))
monthly.plot(ax=axes, marker="o", linewidth=2)
axes.set_ylabel("revenue in EUR")
axes.grid(alpha=0.3)

def campaign(region, budget):
    try:
        return tools.shop.campaigns.start(region=region, budget=budget)["campaign"]
    except ToolError as error:
        return f"none ({error})"

report = {
    "behind": next(ranking),
    "by": round(float(-behind.iloc[0])),
    "campaign": campaign(behind.index[0], round(float(-behind.iloc[0]) / 4, -2)),
    "fell": f"{1 - monthly[behind.index[0]].iloc[-1] / monthly[behind.index[0]].max():.0%}",
}
axes.set_title(f"{report['behind']} is {report['by']:,} EUR behind. Campaign: {report['campaign']}")
figure.savefig("/tmp/outputs/revenue.png")
plt.close(figure)
report`
  },
  {
    say: "Goes on with what is still there: the table, the iterator, the report",
    code: `
after = next(ranking)
f"after {report['behind']} comes {after}: {monthly[after].iloc[-1]:,.0f} EUR of {targets[after]:,} in {monthly.index[-1]}"`
  }
]
