// An area that somebody draws on a map, corner by corner: by mouse, by finger, or by moving the map under a cross in its
// middle and pressing a key. What is done with the ring at the end is the page's business.
const FEW = 3;
const MOST = 200; // corners: the ring travels in an address
const EMPTY = { type: "FeatureCollection", features: [] };
const NEAR = 12; // pixels: who presses the first corner again closes the ring

export const SOURCE = { type: "geojson", data: EMPTY };

// bar: the group of buttons; words: what is said; drawn(ring): a closed ring of [lon, lat].
export const drawing = (map, bar, { words, colour, drawn }) => {
  const told = bar.querySelector("[role=status]");
  const button = (name) => bar.querySelector(`[data-draw=${name}]`);
  const cross = Object.assign(document.createElement("div"), { className: "cross", hidden: true });
  cross.setAttribute("aria-hidden", "true");
  map.getContainer().append(cross);
  let corners = null; // nothing is being drawn
  let aim = null; // where the pointer is

  const layers = () => [
    { id: "drawn-area", type: "fill", source: "drawn", filter: ["==", ["geometry-type"], "Polygon"],
      paint: { "fill-color": colour("--bad"), "fill-opacity": 0.18 } },
    { id: "drawn-edge", type: "line", source: "drawn", filter: ["!=", ["geometry-type"], "Point"],
      paint: { "line-color": colour("--bad"), "line-width": 2.5, "line-dasharray": [3, 1.5] } },
    { id: "drawn-corners", type: "circle", source: "drawn", filter: ["==", ["geometry-type"], "Point"],
      paint: { "circle-radius": 5, "circle-color": colour("--sheet"), "circle-stroke-color": colour("--bad"), "circle-stroke-width": 2.5 } },
  ];
  const feature = (type, coordinates) => ({ type: "Feature", properties: {}, geometry: { type, coordinates } });
  const refresh = () => {
    const line = [...(corners ?? []), ...(aim && corners?.length ? [aim] : [])];
    const shape = line.length >= FEW ? [feature("Polygon", [[...line, line[0]]])] : line.length === 2 ? [feature("LineString", line)] : [];
    const points = (corners ?? []).map((one) => feature("Point", one));
    map.getSource("drawn")?.setData({ type: "FeatureCollection", features: [...shape, ...points] });
    bar.dataset.corners = corners ? corners.length : "";
    for (const name of ["middle", "undo", "finish", "cancel"]) button(name).hidden = !corners;
    button("begin").hidden = Boolean(corners);
    cross.hidden = !corners;
    if (!corners) return;
    button("undo").disabled = !corners.length;
    button("finish").disabled = corners.length < FEW;
    button("middle").disabled = corners.length >= MOST;
    const more = corners.length < FEW ? words["draw.few"] : corners.length >= MOST ? words["draw.full"] : "";
    told.textContent = corners.length ? `${words["draw.corners"]} ${corners.length}${more && ` – ${more}`}` : words["draw.begun"];
  };
  const add = ({ lng, lat }) => {
    if (!corners || corners.length >= MOST) return;
    corners.push([Number(lng.toFixed(6)), Number(lat.toFixed(6))]); // a tenth of a metre
    refresh();
  };
  const begin = () => {
    corners = [];
    aim = null;
    map.doubleClickZoom.disable();
    map.getCanvas().classList.add("drawing");
    refresh();
    map.getCanvas().focus({ preventScroll: true });
  };
  const undo = () => {
    corners?.pop();
    refresh();
    if (button("undo").disabled && bar.contains(document.activeElement)) button("cancel").focus();
  };
  const cancel = () => {
    corners = aim = null;
    map.doubleClickZoom.enable();
    map.getCanvas().classList.remove("drawing");
    refresh();
    told.textContent = words["draw.over"];
    button("begin").focus();
  };
  const finish = () => {
    if (corners && corners.length >= FEW) drawn([...corners, corners[0]]);
  };

  const does = { begin, undo, cancel, finish, middle: () => add(map.getCenter()) };
  bar.addEventListener("click", (event) => does[event.target.closest("[data-draw]")?.dataset.draw]?.());
  map.on("click", (event) => {
    if (!corners || event.originalEvent.detail > 1) return; // the second press of two is no corner
    const first = corners.length >= FEW ? map.project(corners[0]) : null;
    if (first && first.dist(event.point) <= NEAR) return finish();
    aim = null; // a finger leaves nothing behind that would follow it
    add(event.lngLat);
  });
  map.on("dblclick", finish);
  map.on("mousemove", (event) => {
    if (!corners?.length) return;
    aim = [event.lngLat.lng, event.lngLat.lat];
    refresh();
  });
  map.on("mouseout", () => {
    aim = null;
    if (corners) refresh();
  });
  const pressed = { " ": "middle", Backspace: "undo", Enter: "finish" };
  map.getCanvas().addEventListener("keydown", (event) => {
    if (!corners || !(event.key in pressed) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    does[pressed[event.key]]();
  });
  document.addEventListener("keydown", (event) => {
    if (corners && event.key === "Escape") cancel();
  });
  let moved = 0;
  map.on("moveend", () => { map.getContainer().dataset.moved = String(++moved); });
  bar.hidden = false;
  refresh();
  return { layers, busy: () => corners !== null };
};
