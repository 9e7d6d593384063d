// Line icons, 24 by 24.
const paths: Record<string, string> = {
  talk: "M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3ZM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21",
  actions: "M13 3 5 13.5h6L10 21l9-11h-6.5L13 3Z",
  models: "M12 3 3.5 7.5 12 12l8.5-4.500L12 3ZM3.500 12 12 16.500 20.500 12M3.500 16.500 12 21l8.500-4.500",
  teach: "M2.500 9 12 4.500 21.500 9 12 13.500 2.500 9ZM6.500 11v5c1.500 1.500 3.500 2 5.500 2s4-.5 5.500-2v-5M21.500 9v6",
  activity: "M3 12h4l2.500-7 5 14L17 12h4",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.500v5M9 14.500v5",
  send: "M4 12 20 4l-5 16-3.500-6.500L4 12Z",
  stop: "M7 7h10v10H7z",
  look: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12ZM12 9.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5",
  timer: "M12 7v5l3 2M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17",
  boxes: "M4 4h7v6H4zM14 4h6v6h-6zM4 13h5v7H4zM12 13h8v7h-8z",
};

export function Icon({ name }: { name: string }) {
  return (
    <svg viewBox="0 0 24 24" class="icon" aria-hidden="true">
      <path d={paths[name] ?? ""} />
    </svg>
  );
}
