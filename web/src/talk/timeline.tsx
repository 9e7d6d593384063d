// How long each stage took, as bars on one line.
import { useWords, wordFor } from "../i18n.ts";

const kOrder = ["asr", "see", "prepare", "prefill", "decode", "act"];

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
            {wordFor(t, stage)} <b>{Math.round(ms)}</b>
          </li>
        ))}
        <li class="total">{t("total", { ms: Math.round(total) })}</li>
      </ul>
    </div>
  );
}
