import { once } from "./once";
import { t } from "../words";

/** A hidden field with data-place is filled with "longitude,latitude,accuracy" when the browser allows it. */
export function startPlaces(root: ParentNode): void {
  for (const field of once<HTMLInputElement>(root, "input[data-place]", "Place")) {
    const status = field.closest("form")?.querySelector<HTMLElement>("[data-place-status]");
    if (!("geolocation" in navigator)) {
      if (status) status.textContent = t("此设备不能定位，请在备注中写明地点。");
      continue;
    }
    navigator.geolocation.getCurrentPosition(
      (position) => {
        const { longitude, latitude, accuracy } = position.coords;
        field.value = `${longitude.toFixed(6)},${latitude.toFixed(6)},${Math.round(accuracy)}`;
        if (status) status.textContent = t("已定位（误差约 {metres} 米）", { metres: Math.round(accuracy) });
      },
      () => {
        if (status) status.textContent = t("没有取得定位，可继续填写并在备注中写明地点。");
      },
      { enableHighAccuracy: true, timeout: 8000, maximumAge: 60000 },
    );
  }
}
