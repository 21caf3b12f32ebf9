"""The groups of the glossary: one a line, Russian words, then English ones. Of general engineering."""

GROUPS = """\
размещать помещать располагать ставить устанавливать разместить поместить расположить установить | place locate install
назначение предназначен | purpose intended
масса вес | mass weight weigh weighs
высота | height
ширина | width
длина | length
толщина | thickness
диаметр | diameter
глубина | depth
площадь | area
объем | volume
расход | flow consumption
давление | pressure
напор | head
температура | temperature
скорость | speed velocity
мощность | power
напряжение | voltage
питание питаться | supply power powered
ток | current
сопротивление | resistance
частота | frequency
емкость | capacity capacitance
заряд зарядка | charge charging
разряд | discharge
батарея аккумулятор акб | battery accumulator
насос | pump
вентилятор | fan
клапан | valve
фильтр | filter
воздуховод | duct
труба трубопровод | pipe piping pipeline
кабель провод | cable wire
двигатель электродвигатель | motor engine
датчик | sensor
выключатель переключатель тумблер | switch
предохранитель | fuse
разъем соединитель | connector
контакт вывод | pin contact
плата | board
микроконтроллер контроллер мк | microcontroller controller mcu
регистр | register
память | memory
интерфейс | interface
порт | port
сигнал | signal
светодиод индикатор | led indicator
кнопка | button
реле | relay
нагрузка | load
изоляция | insulation
заземление | grounding earthing
пожар пожарный | fire
дверь дверной | door
окно оконный | window
стена | wall
перекрытие плита | slab floor
этаж | floor storey
помещение комната | room
лестница | stair staircase
лифт | elevator lift
кровля крыша | roof
фундамент | foundation
бетон | concrete
сталь | steel
материал | material
марка | grade mark
степень класс категория | degree class category rating
защита | protection
покрытие | coating covering finish
сварка сварной | weld welding
болт винт | bolt screw
крепление | fastening mounting fastener
зазор | gap clearance
нагрев нагреватель | heating heater
охлаждение | cooling
вентиляция | ventilation
отопление | heating
канализация | sewerage drainage
водосток | drain
подключение подключить присоединение | connection connect connected
обслуживание | maintenance service
ремонт | repair
испытание | test testing
проверка | check inspection
хранение | storage
транспортирование | transport transportation
монтаж | installation mounting
эксплуатация | operation use
безопасность | safety
среда | medium environment
запрос | request
сообщение | message
адрес | address
обмен | exchange
байт | byte
бит | bit
ключ | key
номер | number
цвет | colour color
вид | view
разрез | section
узел | detail node
ось | axis grid
строка | row line
столбец графа колонка | column
минимальный наименьший минимум | minimum min minimal
максимальный наибольший максимум | maximum max maximal
номинальный | nominal rated
допустимый | permissible allowable
оптимальный | optimal optimum
внутренний | inner internal indoor
наружный внешний | outer external outdoor
верхний | upper top
нижний | lower bottom
левый | left
правый | right
передний | front
задний | rear back
архитектурный | architectural
концепция | concept
проект | project design
здание | building
строение | structure building
жилой | residential living
холодный | cold
горячий | hot
теплый тепло | warm heat
электрический | electrical electric
механический | mechanical
аварийный авария | emergency alarm fault
защищать | protect protects protected
запись записать | write writing record
чтение читать | read reading
пакет | packet package
комплект комплектность | kit set scope
принадлежность | accessory accessories
поставка | delivery supply
упаковка | packaging package
наушники гарнитура | headset headphones
голос голосовой | voice
звук звуковой | sound
громкость | volume loudness
экран дисплей | display screen
компьютер | computer
устройство прибор | device unit apparatus
система | system
блок | block unit
модуль | module
узел сборка | assembly
деталь | part
корпус | housing case enclosure
вал | shaft
подшипник | bearing
редуктор | gearbox reducer
муфта | coupling clutch
колесо | wheel
рама | frame
балка | beam
колонна | column
перемычка перемычки | lintel jumper
проем отверстие | opening hole
перегородка | partition
потолок | ceiling
пол | floor
отделка | finish finishing
штукатурка | plaster
краска окраска эмаль | paint painting enamel
кирпич | brick
утеплитель теплоизоляция | insulation
гидроизоляция | waterproofing
арматура | reinforcement rebar fittings
резервуар бак | tank reservoir
котел | boiler
теплообменник | exchanger
радиатор | radiator
счетчик | meter counter
манометр | gauge
реактор | reactor
дым дымоудаление | smoke
огонь | fire flame
тушение пожаротушение | extinguishing suppression
автостоянка стоянка | parking garage
водитель | driver
транспорт автомобиль | vehicle car
тормоз | brake
рулевой | steering
топливо | fuel
масло | oil
газ | gas
пар | steam
жидкость | fluid liquid
вещество | substance
опасный | hazardous dangerous
год | year
месяц | month
день сутки | day
час | hour
минута | minute
секунда | second
страница | page
глава | chapter
автор | author
версия редакция | version revision
изменение | change amendment revision
подпись | signature caption
заголовок | heading title
текст | text
формула | formula equation
пример | example
выручка доход | revenue income
прибыль | profit
расходы затраты | expenses expense
размер габарит | size dimension
количество число кол | quantity number count qty
шаг интервал | spacing interval
диапазон предел | range limit
точность погрешность | accuracy tolerance error
отметка | elevation level
уровень | level
срок период | period term
гарантия гарантийный | warranty guarantee
изготовитель производитель | manufacturer
поставщик | supplier
заказчик | customer client
разработать разработчик разработка выполнить | developed author drawn
проверить | checked
утвердить | approved
лист | sheet
чертеж | drawing
план | plan
схема | diagram scheme
таблица | table
рисунок | figure
спецификация | specification schedule
ведомость | list schedule
раздел | section chapter
приложение | appendix annex
примечание | note
стандарт гост | standard
документ | document
пароль | password
ошибка | error fault
режим | mode
включение включить | on switch
отключение отключить выключить | off disconnect
вода водоснабжение | water
воздух | air
шум | noise
вибрация | vibration
влажность | humidity
цена стоимость | price cost
дата | date
обозначение маркировка | designation marking mark tag
аналоговый | analog analogue
цифровой | digital
ацп | adc
цап | dac
потреблять потребление потребляемый | consumption consume consumes
усиление | gain
вход входной | input
выход выходной | output
шина | bus
тактовый | clock
кварц кварцевый резонатор | crystal quartz oscillator
генератор | generator oscillator
корпус | package case body
конденсатор | capacitor
резистор | resistor
транзистор | transistor
диод | diode
дроссель катушка | inductor choke coil
трансформатор | transformer
стабилизатор | regulator
усилитель | amplifier
преобразователь | converter
микросхема | chip ic
припой паять пайка | solder soldering
проводник жила | conductor strand
розетка | outlet socket receptacle
щит шкаф | panel cabinet board
освещение светильник | lighting luminaire fixture
свет световой | light
парковка парковочный стоянка машиноместо | parking stall
велосипедный велосипед | bike bicycle
въезд проезд | driveway access entrance
тротуар | sidewalk walkway
асфальт асфальтовый | asphalt pavement
ограждение забор | fence railing
водопровод | plumbing
санузел туалет уборная | toilet restroom
кухня | kitchen
коридор | corridor hallway
плитка | tile
ковер ковровый | carpet
линолеум | linoleum vinyl
плинтус | baseboard base
обои | wallpaper
владелец собственник | owner
подрядчик | contractor
архитектор | architect
инженер | engineer
застройка участок | site plot
строительство | construction building
снос демонтаж | demolition demolish
существующий | existing
новый | new
ступень степень защита ip | protection ip ingress
импульс импульсный | pulse
сброс | reset
питание источник | supply source
напряжение | volts
постоянный | dc direct constant
переменный | ac alternating
провод сечение | wire gauge cross
удельный | specific
плотность | density
прочность | strength
твердость | hardness
жесткость | stiffness rigidity
крутящий момент | torque
усилие сила | force
скольжение | slip
резьба | thread
шайба | washer
гайка | nut
шпилька | stud
заклепка | rivet
шов | joint seam weld
уплотнение прокладка | seal gasket
смазка | lubricant grease
обратный | return reverse
прямой | direct forward
грузоподъемность груз | payload load
робот | robot
рабочий | working operating
окружающий | ambient
срок служба ресурс | life lifetime service
наработка отказ | failure mtbf
уставка | setpoint
задержка | delay
таймер | timer
часы | clock watch
будильник | alarm
переплет | binding cover
шрифт кегль | font typeface
поле отступ | margin indent
оглавление содержание | contents
ссылка | reference link
определение | definition
список перечень | list
рисунок иллюстрация | illustration picture
изображение | image
символ знак | symbol sign
легенда условный | legend
масштаб | scale
формат | format size
подразделение отдел | department division
исполнитель автор | author
согласовать | agreed approved
требование | requirement
запретить запрещаться допускаться | prohibited forbidden allowed permitted
обязательный | mandatory required
центр середина посередине | center centre middle
панель | panel
передача | transmission transfer gear
протокол | protocol
команда | command instruction
переменная | variable
код | code
функция | function
библиотека | library
моделирование модель | model simulation
расчет | calculation
коэффициент | coefficient factor
эффективность кпд | efficiency
тепловой теплота | heat thermal
излучение | radiation
теплопроводность | conductivity conduction
точка | point
линия | line
скорость передача бод | baud rate
задание | task
ток утечка | leakage
пыль | dust
вес нетто | net
брутто | gross
"""
