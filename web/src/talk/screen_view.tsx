// The captured picture with the target lit. Boxes are in pixels of the picture; an SVG with the picture's own size as
// its viewBox lies over it, so that they stay right at every width and zoom.
import type { Element, Screen } from "../api.ts";
import { useWords } from "../i18n.ts";

interface Props {
  screen: Screen | undefined;
  picture: string | undefined; // object URL
  target: string; // id; "": none
  showAll: boolean;
  onPick?: ((element: Element) => void) | undefined; // elements can be chosen
}

const kDim = 0.5;

function Spotlight({ size, element }: { size: [number, number]; element: Element }) {
  const [x, y, width, height] = element.box;
  const hole = `M0 0H${size[0]}V${size[1]}H0Z M${x} ${y}V${y + height}H${x + width}V${y}Z`;
  return (
    <g class="spotlight">
      <path d={hole} fill="#000" fill-opacity={kDim} fill-rule="evenodd" />
      <rect class="lit" data-target={element.id} x={x} y={y} width={width} height={height} rx="3" />
    </g>
  );
}

// The name stands above the box, or within it where there is no room above.
function Label({ size, element }: { size: [number, number]; element: Element }) {
  const [x, y, , height] = element.box;
  const share = y / size[1];
  const below = share < 0.08 && (y + height) / size[1] < 0.92;
  const left = Math.min(70, Math.max(0, (100 * x) / size[0]));
  const style = below
    ? { left: `${left}%`, top: `${(100 * (y + height)) / size[1]}%` }
    : { left: `${left}%`, bottom: `${100 - 100 * Math.max(share, 0.08)}%` };
  return (
    <span class="lit-label" style={style}>
      {element.name || element.id}
    </span>
  );
}

export function ScreenView({ screen, picture, target, showAll, onPick }: Props) {
  const t = useWords();
  const size = screen?.size;
  if (!screen || !picture || !size) {
    return (
      <div class="screen empty">
        <svg viewBox="0 0 24 24" class="big-icon" aria-hidden="true">
          <path d="M3 4.5h18v12H3zM8 20h8M12 16.5V20" />
        </svg>
        <p>{t("nothingSeen")}</p>
      </div>
    );
  }
  const lit = screen.elements.find((element) => element.id === target);
  const choosable = onPick ? screen.elements.filter((element) => element.box[2] > 0 && element.box[3] > 0) : [];
  return (
    <div class={onPick ? "screen picking" : "screen"} style={{ aspectRatio: `${size[0]} / ${size[1]}` }}>
      <img src={picture} alt={screen.title ?? ""} draggable={false} />
      <svg viewBox={`0 0 ${size[0]} ${size[1]}`} preserveAspectRatio="none" aria-hidden={!onPick}>
        {showAll && !onPick && screen.elements.map(({ id, box }) => (
          <rect key={id} class="known" x={box[0]} y={box[1]} width={box[2]} height={box[3]} />
        ))}
        {lit && <Spotlight size={size} element={lit} />}
        {[...choosable].sort((a, b) => b.box[2] * b.box[3] - a.box[2] * a.box[3]).map((element) => (
          <rect
            key={element.id} class="choice" tabIndex={0} role="button" aria-label={element.name || element.id}
            x={element.box[0]} y={element.box[1]} width={element.box[2]} height={element.box[3]}
            onClick={() => onPick?.(element)}
            onKeyDown={(event) => {
              if (event.key === "Enter" || event.key === " ") {
                event.preventDefault();
                onPick?.(element);
              }
            }}
          >
            <title>{element.name || element.id}</title>
          </rect>
        ))}
      </svg>
      {lit && <Label size={size} element={lit} />}
    </div>
  );
}
