// How long each stage took, as bars on one line.
import { useWords, wordFor } from "../i18n.ts";

const kOrder = ["asr", "see", "prepare", "prefill", "decode", "act"];

// "480 ms", "1.6 s"
function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function Timeline({ timings }: { timings: Record<string, number> }) {
  const t = useWords();
  const stages = kOrder.filter((stage) => (timings[stage] ?? 0) >= 0.5).map((stage) => ({ stage, ms: timings[stage]! }));
  const total = stages.reduce((sum, { ms }) => sum + ms, 0);
  if (total === 0) {
    return null;
  }
  return (
    <div class="timeline" role="group" aria-label={t("timings")}>
      <div class="bars" aria-hidden="true">
        {stages.map(({ stage, ms }) => (
          <span key={stage} class={`bar stage-${stage}`} style={{ flexGrow: ms }} />
        ))}
      </div>
      <ul>
        {stages.map(({ stage, ms }) => (
          <li key={stage}>
            <i class={`dot stage-${stage}`} aria-hidden="true" />
            {wordFor(t, stage)} <b>{duration(ms)}</b>
          </li>
        ))}
        <li class="total">{t("total", { time: duration(total) })}</li>
      </ul>
    </div>
  );
}
