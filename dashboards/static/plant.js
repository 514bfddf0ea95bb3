// Draws the plant from /api/v1/fibre/map: ducts, cables of which nobody knows the ducts, nodes. The table below holds the
// same; without scripts, or without WebGL, it is there alone. What is pressed leads to its cables; an area that is drawn
// leads to whom it hits, and is shown with what is lost there.
const place = document.getElementById("map");
const words = JSON.parse(place.dataset.words);
const dark = matchMedia("(prefers-color-scheme: dark)");
const LINES = ["ducts", "empty-ducts", "straight"];
const lost = JSON.parse(place.dataset.lost);
const area = (() => { // as the page was asked for it, which may be no GeoJSON, or none that can be drawn
  try {
    const told = JSON.parse(place.dataset.area || "null");
    return told && typeof told === "object" && (told.geometry ?? told).coordinates ? told : null;
  } catch {
    return null;
  }
})();

const told = ({ layer, code, kind, cables, closures }) => {
  const box = document.createElement("div");
  box.appendChild(document.createElement("strong")).textContent = code;
  box.appendChild(document.createElement("div")).textContent = words[kind ?? layer];
  const held = JSON.parse(cables ?? closures ?? "[]"); // MapLibre hands lists over as text
  if (held.length) box.appendChild(document.createElement("div")).textContent = held.slice(0, 8).join(", ") + (held.length > 8 ? " …" : "");
  return box;
};

const start = async () => {
  const [library, { ask, boundsOf, colour }, { SOURCE, drawing }] = await Promise.all(
    [import(place.dataset.library), import(place.dataset.ground), import(place.dataset.drawing)]);
  const [plant, communes] = await Promise.all([
    ask("/api/v1/fibre/map"), ask("/api/v1/network/map/communes").catch(() => ({ type: "FeatureCollection", attributions: [], features: [] })),
  ]);
  const sources = document.getElementById("attributions");
  sources.textContent = communes.attributions.join(" · ");
  library.setWorkerUrl(place.dataset.worker);
  const gone = plant.features.filter((one) => one.properties.layer !== "node" && lost.includes(one.properties.code));
  const shown = [...(area ? [{ geometry: area.geometry ?? area }] : []), ...gone];
  const map = new library.Map({
    container: place, attributionControl: false, locale: words, cooperativeGestures: true, fadeDuration: 0, maxPitch: 0,
    dragRotate: false, rollEnabled: false, pitchWithRotate: false, maxZoom: 19, minZoom: 8,
    bounds: boundsOf(shown.length ? shown : plant.features) ?? [[4.24, 50.76], [4.49, 50.92]], fitBoundsOptions: { padding: 32, maxZoom: 16 },
    style: { version: 8, layers: [], sources: {
      communes: { type: "geojson", data: communes }, plant: { type: "geojson", data: plant }, drawn: SOURCE,
      lost: { type: "geojson", data: { type: "FeatureCollection", features: gone } },
      area: { type: "geojson", data: area ?? { type: "FeatureCollection", features: [] } },
    } },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new library.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new library.ScaleControl({ maxWidth: 100 }), "bottom-left");

  const width = ["interpolate", ["linear"], ["zoom"], 10, 1.5, 16, 5];
  const line = (id, filter, paint) => ({ id, type: "line", source: "plant", filter, paint: { "line-width": width, ...paint } });
  const of = (layer) => ["==", ["get", "layer"], layer];
  const holds = ["!=", ["length", ["get", "cables"]], 0];
  const pen = drawing(map, document.getElementById("draw"), { words, colour, drawn: (ring) => {
    location.assign(`/impact?${new URLSearchParams({ polygon: JSON.stringify({ type: "Polygon", coordinates: [ring] }) })}`);
  } });
  const layers = () => [
    { id: "ground", type: "background", paint: { "background-color": colour("--sunken") } },
    { id: "communes", type: "fill", source: "communes", paint: { "fill-color": colour("--sheet") } },
    { id: "borders", type: "line", source: "communes", paint: { "line-color": colour("--edge"), "line-width": 0.8, "line-opacity": 0.7 } },
    { id: "area", type: "fill", source: "area", paint: { "fill-color": colour("--bad"), "fill-opacity": 0.14 } },
    { id: "lost", type: "line", source: "lost", paint: { "line-color": colour("--bad"), "line-width": ["interpolate", ["linear"], ["zoom"], 10, 7, 16, 13], "line-dasharray": [0.35, 0.35] } },
    line("empty-ducts", ["all", of("duct"), ["!", holds]], { "line-color": colour("--soft"), "line-dasharray": [3, 2] }),
    line("ducts", ["all", of("duct"), holds], { "line-color": colour("--iris") }),
    line("straight", of("cable"), { "line-color": colour("--iris"), "line-dasharray": [0.6, 1.8] }),
    { id: "nodes", type: "circle", source: "plant", filter: of("node"),
      paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 10, 2.5, 16, 7], "circle-color": colour("--sheet"),
        "circle-stroke-color": colour("--ink"), "circle-stroke-width": 2 } },
    { id: "area-edge", type: "line", source: "area", paint: { "line-color": colour("--bad"), "line-width": 2 } },
    ...pen.layers(),
  ];
  const paint = () => {
    for (const layer of [...map.getStyle().layers].reverse()) map.removeLayer(layer.id);
    for (const layer of layers()) map.addLayer(layer);
  };
  const bubble = new library.Popup({ closeButton: false, closeOnClick: false, offset: 10, className: "bubble", maxWidth: "18rem" });
  const around = ({ x, y }) => {
    const found = map.queryRenderedFeatures([[x - 6, y - 6], [x + 6, y + 6]], { layers: ["nodes", ...LINES] });
    return found.find((one) => one.properties.layer === "node") ?? found[0];
  };
  map.on("mousemove", (event) => {
    const found = map.getLayer("nodes") && !pen.busy() ? around(event.point) : undefined;
    map.getCanvas().style.cursor = pen.busy() ? "crosshair" : found ? "pointer" : "";
    if (!found) return void bubble.remove();
    bubble.setLngLat(event.lngLat).setDOMContent(told(found.properties)).addTo(map);
  });
  map.on("mouseout", () => bubble.remove());
  map.on("click", (event) => {
    if (pen.busy()) return;
    const found = around(event.point);
    if (found) location.assign(`/plant?${new URLSearchParams({ q: found.properties.code })}`);
  });
  map.on("load", () => {
    paint();
    map.once("idle", () => { place.dataset.ready = "yes"; });
  });
  dark.addEventListener("change", paint);
};

start().catch((error) => {
  console.warn(error);
  place.hidden = true;
  const able = document.createElement("canvas").getContext("webgl2");
  document.getElementById(able ? "map-away" : "no-map").hidden = false;
});
