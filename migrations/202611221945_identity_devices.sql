-- A session keeps which browser on which system opened it, and of its `User-Agent` nothing else, which told people
-- apart. What is kept of it has letters and blanks alone, and no header of a browser has: so these triggers tell what the
-- release before this one still writes as well as it goes here, until all isolates run this one.
CREATE TRIGGER session_device_changed AFTER UPDATE OF device ON session
WHEN (NEW.device = '' OR NEW.device GLOB '*[^A-Za-z ]*')
  AND NOT NEW.device GLOB 'impersonated by usr_??????????????????????????'
BEGIN
  UPDATE session SET device = coalesce(nullif(CASE
    WHEN instr(NEW.device, 'Edg') THEN 'Edge'
    WHEN instr(NEW.device, 'SamsungBrowser/') THEN 'Samsung Internet'
    WHEN instr(NEW.device, 'Firefox/') OR instr(NEW.device, 'FxiOS/') THEN 'Firefox'
    WHEN instr(NEW.device, 'Chrome/') OR instr(NEW.device, 'CriOS/') THEN 'Chrome'
    WHEN instr(NEW.device, 'Safari/') THEN 'Safari'
    ELSE 'something'
  END || CASE
    WHEN instr(NEW.device, 'Windows') THEN ' on Windows'
    WHEN instr(NEW.device, 'Android') THEN ' on Android'
    WHEN instr(NEW.device, 'iPhone') THEN ' on iOS'
    WHEN instr(NEW.device, 'iPad') THEN ' on iPadOS'
    WHEN instr(NEW.device, 'Mac OS X') THEN ' on macOS'
    WHEN instr(NEW.device, 'Linux') THEN ' on Linux'
    ELSE ''
  END, 'something'), 'something unknown')
  WHERE organization_id = NEW.organization_id AND id = NEW.id;
END;

CREATE TRIGGER session_device_told AFTER INSERT ON session
WHEN NEW.device = '' OR NEW.device GLOB '*[^A-Za-z ]*'
BEGIN
  UPDATE session SET device = NEW.device WHERE organization_id = NEW.organization_id AND id = NEW.id;
END;

-- Those that are open already.
UPDATE session SET device = device;
