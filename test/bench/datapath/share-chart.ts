/** Bars in clusters, clusters in panels, one scale for all. Values are shares: 1 = 100 %. */
export type ShareChart = {
  title: string;
  subtitle: string;
  series: readonly { name: string; color: string }[];
  panels: readonly { title: string; clusters: readonly { label: string; values: readonly (number | undefined)[] }[] }[];
};

const WIDTH = 1080;
const MARGIN = { left: 56, right: 24, top: 112, bottom: 20 };
const PANEL_HEIGHT = 250;
const PANEL_GAP = 78;
/** Above 100 % there is room for noise and for a bar's label. */
const SHARE_MAX = 1.1;
const GRID = [0, 0.25, 0.5, 0.75, 1];
const CLUSTER_GAP = 26;
const BAR_GAP = 2;
const INK = "#1f2328";
const FAINT = "#656d76";
const LINE = "#d8dee4";
const FONT = "font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif\"";
/** Mean width of a digit or letter of that kind of font, for its size. */
const LETTER_SHARE = 0.56;

/** The chart as an SVG document. Pure. */
export function drawShareChart({ title, subtitle, series, panels }: ShareChart): string {
  const height = MARGIN.top + panels.length * (PANEL_HEIGHT + PANEL_GAP) - PANEL_GAP + 46 + MARGIN.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(title)}" ${FONT}>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text({ x: MARGIN.left, y: 34, size: 20, weight: 600 }, title),
    text({ x: MARGIN.left, y: 56, size: 13, fill: FAINT }, subtitle),
    ...drawLegend(series),
    ...panels.flatMap((panel, index) => drawPanel(panel, series, MARGIN.top + index * (PANEL_HEIGHT + PANEL_GAP) + 24)),
    "</svg>",
    "",
  ].join("\n");
}

function drawLegend(series: ShareChart["series"]): string[] {
  let x = MARGIN.left;
  return series.flatMap(({ name, color }) => {
    const at = x;
    x += 36 + name.length * 13 * LETTER_SHARE;
    return [`<rect x="${round(at)}" y="74" width="13" height="13" rx="3" fill="${color}"/>`, text({ x: at + 19, y: 85, size: 13 }, name)];
  });
}

function drawPanel({ title, clusters }: ShareChart["panels"][number], series: ShareChart["series"], top: number): string[] {
  const bottom = top + PANEL_HEIGHT;
  const heightOf = (share: number): number => (Math.min(share, SHARE_MAX) / SHARE_MAX) * PANEL_HEIGHT;
  const width = (WIDTH - MARGIN.left - MARGIN.right) / Math.max(clusters.length, 1);
  const barWidth = (width - CLUSTER_GAP) / Math.max(series.length, 1) - BAR_GAP;
  const grid = GRID.flatMap((share) => {
    const y = round(bottom - heightOf(share));
    const stroke = share === 1 ? `stroke="${FAINT}" stroke-dasharray="5 4"` : `stroke="${LINE}"`;
    return [
      `<line x1="${MARGIN.left}" y1="${y}" x2="${WIDTH - MARGIN.right}" y2="${y}" ${stroke}/>`,
      text({ x: MARGIN.left - 8, y: y + 4, size: 11, fill: FAINT, anchor: "end" }, `${share * 100} %`),
    ];
  });
  const bars = clusters.flatMap(({ label, values }, cluster) => {
    const left = MARGIN.left + cluster * width + CLUSTER_GAP / 2;
    return [
      ...values.flatMap((value, index) =>
        value === undefined
          ? []
          : drawBar(
              { x: left + index * (barWidth + BAR_GAP), bottom, width: barWidth, height: heightOf(value) },
              value,
              series[index]?.color,
            ),
      ),
      text({ x: left + (width - CLUSTER_GAP) / 2, y: bottom + 20, size: 13, anchor: "middle" }, label),
    ];
  });
  return [text({ x: MARGIN.left, y: top - 8, size: 15, weight: 600 }, title), ...grid, ...bars];
}

type Bar = { x: number; bottom: number; width: number; height: number };

function drawBar({ x, bottom, width, height }: Bar, value: number, color = FAINT): string[] {
  const y = bottom - height;
  return [
    `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="2" fill="${color}"/>`,
    text({ x: x + width / 2, y: y - 4, size: 11, anchor: "middle" }, String(Math.round(value * 100))),
  ];
}

type TextStyle = { x: number; y: number; size: number; weight?: number; fill?: string; anchor?: "middle" | "end" };

function text({ x, y, size, weight = 400, fill = INK, anchor }: TextStyle, content: string): string {
  const place = anchor ? ` text-anchor="${anchor}"` : "";
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" font-weight="${weight}" fill="${fill}"${place}>${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
